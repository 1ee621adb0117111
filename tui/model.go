package tui

import (
	"context"
	"time"

	"pymode-tui/runtime"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// mode says who gets the keys.
type mode int

const (
	modeNormal mode = iota
	modeSearch      // typing what is looked for in the detail
	modeFilter      // typing a filter: every printable key is text
	modeHelp        // the help is over everything else
	modeCopy        // the next key says what to copy
)

// Model is the console. It is the only [tea.Model]; its panes are plain
// structs. All its state changes in Update.
type Model struct {
	options Options
	ctx     context.Context // of commands; ends with the console
	tasks   *tasks
	now     func() time.Time

	session *session
	keys    keymap
	mode    mode
	focus   paneID
	zoomed  bool
	splits  splits
	manual  bool // pinned requests are not sent after a reload
	flash   flash

	clearing int // the message that asks whether to clear the requests

	flashTime time.Duration // how long a message stands in the footer

	requests *requestsPane
	detail   *detailPane
	logs     *feed
	calls    *feed
	bindings *bindingsPane
	budgets  *budgetsPane
	help     *helpOverlay
	palette  *palette // nil while it is closed
	draft    []byte   // what was written and is no request
	scratch  string   // the file that the editor was opened with last

	dump     *dump      // of messages; nil without --debug
	dragging divider    // the border that the mouse holds
	loaded   remembered // what was read of how the console was left

	w, h   int
	layout layout
	canvas canvas
}

// flash is a short message in the footer.
type flash struct {
	text string
	role role
	id   int // so that an old one's end does not end a new one
}

// eventsMsg is what the relay sends: a batch of events, after some were lost.
type eventsMsg struct {
	events []runtime.Event
	lost   int
}

// flashOverMsg says that a message was shown long enough.
type flashOverMsg struct{ id int }

// savedMsg says where a request was saved.
type savedMsg struct{ file string }

// failedMsg says that a command failed.
type failedMsg struct {
	doing string
	err   error
}

// New returns a console that has seen no event yet, and does nothing by itself: [Run]
// runs it in a terminal, tests without one. Its owner calls [Model.Relay], [Model.Update]
// and in the end [Model.Close]; ctx ends before that.
func New(ctx context.Context, options Options) *Model {
	if options.Exec == nil {
		options.Exec = tea.ExecProcess
	}
	m := &Model{
		options: options,
		ctx:     ctx,
		tasks:   &tasks{},
		now:     time.Now,
		session: newSession(options.Workers),
		keys:    newKeymap(),

		flashTime: 3 * time.Second,
		dragging:  noDivider,
	}
	if options.Debug != nil {
		m.dump = &dump{out: options.Debug, begin: m.now()}
	}
	m.requests = newRequestsPane(m.session, &m.keys)
	m.detail = newDetailPane(&m.keys)
	m.logs = newLogsPane(m.session, &m.keys, time.Local)
	m.calls = newCallsPane(m.session, &m.keys)
	m.bindings = newBindingsPane(options.Holdings, &m.keys)
	m.budgets = newBudgetsPane(m.session, &m.keys)
	m.help = newHelpOverlay(&m.keys)
	m.canvas.theme = newTheme(!options.NoColor, false)
	if err := m.restore(); err != nil {
		m.session.notice(m.now(), err.Error())
	}
	return m
}

// Init implements [tea.Model].
func (m *Model) Init() tea.Cmd {
	if m.options.NoColor {
		return nil
	}
	return tea.RequestBackgroundColor
}

// Update implements [tea.Model].
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	m.dump.message(msg, m.now(), m.typing())
	cmd := m.handle(msg)
	m.arrange()
	return m, cmd
}

func (m *Model) handle(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		m.canvas.theme = newTheme(!m.options.NoColor, !msg.IsDark())
	case eventsMsg:
		return m.take(msg)
	case tea.KeyPressMsg:
		return m.press(msg)
	case tea.PasteMsg:
		if m.mode == modeFilter {
			m.typed(msg)
		} else if m.mode == modeSearch {
			m.detail.typed(msg)
		} else if m.focus == bindingsID {
			m.bindings.typed(msg)
		}
	case itemsMsg, contentMsg, editMsg, changedMsg:
		return m.takeBindings(msg)
	case tea.MouseClickMsg:
		if msg.Button == tea.MouseLeft {
			m.clicked(msg.X, msg.Y)
		}
	case tea.MouseMotionMsg:
		m.drag(msg.X, msg.Y)
	case tea.MouseReleaseMsg:
		m.dragging = noDivider
	case tea.MouseWheelMsg:
		m.wheel(msg)
	case flashOverMsg:
		if msg.id == m.flash.id {
			m.flash.text = ""
		}
	case composedMsg:
		return m.sendComposed(msg)
	case savedMsg:
		return m.say(good, "saved as "+msg.file+": pymode-tui replay sends it again, and compares")
	case copiedMsg:
		return m.copied(msg.text, msg.what)
	case failedMsg:
		return m.say(bad, msg.doing+" failed: "+msg.err.Error())
	}
	return nil
}

// take brings the session up to date.
func (m *Model) take(msg eventsMsg) tea.Cmd {
	if msg.lost > 0 {
		m.session.applyLost(msg.lost, m.now())
	}
	var cmd tea.Cmd
	for _, event := range msg.events {
		m.session.apply(event)
		switch e := event.(type) {
		case runtime.Notice:
			cmd = tea.Batch(cmd, m.say(caution, e.Text))
		case runtime.Called:
			m.bindings.stale = true
		case runtime.StateChanged:
			m.bindings.refreshStores() // the config may have changed
			switch {
			case e.State == runtime.StateImportFailed:
				m.requests.narrowed = false // so that the traceback is seen
			case e.State == runtime.StateReady && e.Generation > 1:
				cmd = tea.Batch(cmd, m.replayPins(e.Worker))
			}
		}
	}
	if m.bindings.stale && m.focus == bindingsID {
		cmd = tea.Batch(cmd, m.readAgain())
	}
	return cmd
}

// arrange computes the layout, and tells the panes what they are about and how
// large they are.
func (m *Model) arrange() {
	m.layout = newLayout(m.w, m.h, m.focus, m.zoomed, m.splits)
	m.requests.refresh()
	m.logs.narrowTo(m.requests.thread())
	m.calls.narrowTo(m.requests.thread())
	m.detail.show(m.subject())
	m.detail.first = m.firstSteps()
	m.budgets.show(m.worker(), m.requests.current())
	for id := range panes {
		if body := m.layout.body[id]; !body.empty() {
			m.pane(id).resize(body.w, body.h)
		}
	}
}

// subject is what the detail is about: the request that was selected, else a
// failed import, else the newest request.
func (m *Model) subject() subject {
	if w := m.worker(); w != nil && w.failure != nil && m.requests.thread() == nil {
		return subject{failure: w.failure}
	}
	return subject{exchange: m.requests.current()}
}

// worker is the worker that the status line is about: of the selected request,
// else one whose import failed, else the first. It is nil where there is none.
func (m *Model) worker() *worker {
	if x := m.requests.thread(); x != nil {
		return m.session.worker(x.worker)
	}
	for _, w := range m.session.workers {
		if w.state == runtime.StateImportFailed {
			return w
		}
	}
	if x := m.requests.current(); x != nil {
		return m.session.worker(x.worker)
	}
	if len(m.session.workers) > 0 {
		return m.session.workers[0]
	}
	return nil
}

func (m *Model) pane(id paneID) pane {
	return [panes]pane{m.requests, m.detail, m.logs, m.calls, m.bindings, m.budgets}[id]
}

func matches(msg tea.KeyPressMsg, bindings ...key.Binding) bool { return key.Matches(msg, bindings...) }
