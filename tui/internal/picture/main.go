// Command picture draws a screen as a terminal shows it, to look at the console as a
// picture: text with the escape sequences of styles, as `tmux capture-pane -ep`
// prints it, becomes a PNG.
//
//	tmux capture-pane -ep | go run ./tui/internal/picture -font DejaVuSansMono.ttf > screen.png
//
// Without -font it is Go Mono, which lacks some of the signs.
package main

import (
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// A cell, in pixels.
const (
	cellWidth  = 9
	cellHeight = 19
	baseline   = 14
	fontSize   = 15
)

func main() {
	regular := flag.String("font", "", "a monospaced TrueType `file`")
	bold := flag.String("bold", "", "its bold `file`")
	light := flag.Bool("light", false, "dark text on white")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *regular, *bold, *light); err != nil {
		fmt.Fprintln(os.Stderr, "picture: "+err.Error())
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, regular, bold string, light bool) error {
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	faces := [2]font.Face{}
	for i, f := range []struct {
		file string
		own  []byte
	}{{regular, gomono.TTF}, {bold, gomonobold.TTF}} {
		if faces[i], err = face(f.file, f.own); err != nil {
			return err
		}
	}
	return png.Encode(out, picture(string(text), faces, paletteOf(light)))
}

func face(file string, own []byte) (font.Face, error) {
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		own = text
	}
	parsed, err := opentype.Parse(own)
	if err != nil {
		return nil, err
	}
	return opentype.NewFace(parsed, &opentype.FaceOptions{Size: fontSize, DPI: 72, Hinting: font.HintingFull})
}

// palette is a terminal's colours: background, text, and the first eight.
type palette struct {
	back, text color.RGBA
	basic      [8]color.RGBA
}

// paletteOf is the palette of a common terminal, dark or light.
func paletteOf(light bool) palette {
	rgb := func(n uint32) color.RGBA { return color.RGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), 0xff} }
	p := palette{back: rgb(0x1e1e1e), text: rgb(0xd4d4d4)}
	basic := [8]uint32{0x000000, 0xcd3131, 0x0dbc79, 0xe5e510, 0x2472c8, 0xbc3fbc, 0x11a8cd, 0xe5e5e5}
	if light {
		p.back, p.text = rgb(0xffffff), rgb(0x333333)
		basic = [8]uint32{0x000000, 0xcd3131, 0x00bc00, 0x949800, 0x0451a5, 0xbc05bc, 0x0598bc, 0x555555}
	}
	for i, n := range basic {
		p.basic[i] = rgb(n)
	}
	return p
}

// style is how text is drawn.
type style struct {
	bold, faint, underline bool
	colour                 int // of the first eight, from 1; 0 for the text's own
}

// apply changes a style by the parameters of an SGR sequence.
func (s *style) apply(parameters string) {
	for word := range strings.SplitSeq(parameters, ";") {
		n, _ := strconv.Atoi(word)
		switch {
		case n == 0:
			*s = style{}
		case n == 1:
			s.bold = true
		case n == 2:
			s.faint = true
		case n == 4:
			s.underline = true
		case n == 22:
			s.bold, s.faint = false, false
		case n == 24:
			s.underline = false
		case n >= 30 && n <= 37:
			s.colour = n - 29
		case n == 39:
			s.colour = 0
		}
	}
}

// picture draws text on as many cells as it takes.
func picture(text string, faces [2]font.Face, p palette) image.Image {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	columns := 0
	for _, l := range lines {
		columns = max(columns, ansi.StringWidth(l))
	}
	img := image.NewRGBA(image.Rect(0, 0, (columns+2)*cellWidth, (len(lines)+1)*cellHeight))
	draw.Draw(img, img.Bounds(), image.NewUniform(p.back), image.Point{}, draw.Src)
	var s style
	for y, l := range lines {
		x := 1
		for len(l) > 0 {
			sequence, width, n, _ := ansi.DecodeSequence(l, ansi.NormalState, nil)
			l = l[n:]
			if parameters, ok := strings.CutPrefix(sequence, "\x1b["); ok {
				s.apply(strings.TrimSuffix(parameters, "m"))
				continue
			}
			drawCell(img, x, y, sequence, width, s, faces, p)
			x += width
		}
	}
	return img
}

// drawCell draws one character.
func drawCell(img draw.Image, x, y int, text string, width int, s style, faces [2]font.Face, p palette) {
	ink := p.text
	if s.colour > 0 {
		ink = p.basic[s.colour-1]
	}
	if s.faint {
		half := func(a, b uint8) uint8 { return uint8((int(a) + int(b)) / 2) }
		ink = color.RGBA{half(ink.R, p.back.R), half(ink.G, p.back.G), half(ink.B, p.back.B), 0xff}
	}
	use := faces[0]
	if s.bold {
		use = faces[1]
	}
	at := image.Pt(x*cellWidth, y*cellHeight+cellHeight/2)
	(&font.Drawer{Dst: img, Src: image.NewUniform(ink), Face: use, Dot: fixed.P(at.X, at.Y+baseline)}).DrawString(text)
	if s.underline {
		line := image.Rect(at.X, at.Y+baseline+2, at.X+width*cellWidth, at.Y+baseline+3)
		draw.Draw(img, line, image.NewUniform(ink), image.Point{}, draw.Src)
	}
}
