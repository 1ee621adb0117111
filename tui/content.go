package tui

// content is an item as the bindings pane shows it: text, bytes or a table.
type content struct {
	of     Content
	rows   []line // laid out for width w
	head   int    // how many rows stay on top
	offset int
	w, h   int
}

func (v *content) show(of Content) {
	v.of, v.offset = of, 0
	v.layOut()
}

func (v *content) resize(w, h int) {
	if v.w != w {
		v.w = w
		v.layOut()
	}
	v.h = h
	v.scroll(0)
}

func (v *content) scroll(rows int) {
	v.offset = max(min(v.offset+rows, len(v.rows)-v.h), 0)
}

func (v *content) layOut() {
	v.rows, v.head = nil, 0
	if v.w <= 0 {
		return
	}
	if v.of.Note != "" {
		v.rows = append(v.rows, styled(faint, cleanLine(v.of.Note)))
	}
	switch {
	case v.of.Columns != nil:
		v.rows = append(v.rows, tableRows(v.of.Columns, v.of.Rows, v.w)...)
		v.head = min(len(v.rows), len(v.rows)-len(v.of.Rows))
	default:
		for _, l := range bodyLines(v.of.Value, "", v.w) {
			v.rows = append(v.rows, l.wrap(v.w, min(l.indent()+2, v.w/3))...)
		}
	}
}

func (v *content) draw(c *canvas, body rect) {
	head := min(v.head, body.h)
	for i := range head {
		c.putLine(body.x, body.y+i, body.w, v.rows[i])
	}
	for i := head; i < body.h && v.offset+i < len(v.rows); i++ {
		c.putLine(body.x, body.y+i, body.w, v.rows[v.offset+i])
	}
}

// widestColumn is how wide a column may be where there are others.
const widestColumn = 40

// tableRows lays out a table: the columns' names, then the rows. Columns that
// don't fit are cut at the right.
func tableRows(columns []string, rows [][]string, w int) []line {
	widths := make([]int, len(columns))
	cells := make([][]string, len(rows))
	for i, column := range columns {
		widths[i] = textWidth(cleanLine(column))
	}
	for r, row := range rows {
		cells[r] = make([]string, len(columns))
		for i := range min(len(row), len(columns)) {
			cells[r][i] = cleanLine(row[i])
			widths[i] = max(widths[i], textWidth(cells[r][i]))
		}
	}
	most := widestColumn
	if len(columns) == 1 {
		most = w
	}
	table := make([]line, 0, len(rows)+1)
	lay := func(row []string, r role) {
		var l line
		for i, text := range row {
			width := min(widths[i], most)
			l = append(l, span{pad(truncate(text, width), width) + "  ", r})
		}
		table = append(table, l)
	}
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = cleanLine(column)
	}
	lay(names, heading)
	for _, row := range cells {
		lay(row, plain)
	}
	return table
}
