package alias

// MovedEarlier is the version to which this run has moved the alias in an earlier attempt
// or job, as the history shows that this one has found; None if it has not.
func (e *Editor) MovedEarlier() Version {
	found := e.found()
	s, h := found.Settled(), found.ActualHistory()
	rolledBack := h.Left != None && h.LeftBy == e.run
	if s.MovedOutside() || len(s.Weights) > 0 || h.ShiftTo != None || !e.run.Known() || h.Run != e.run || rolledBack {
		return None
	}
	return s.Version
}

// MovedFrom is where the alias was before that, None if it was not MovedEarlier or its
// history does not show it: it may have been created.
func (e *Editor) MovedFrom() Version {
	if h := e.found().ActualHistory(); e.MovedEarlier() != None && len(h.Versions) > 1 {
		return h.Versions[1]
	}
	return None
}

// found is the alias as this run has found it; the zero State if others have changed it
// since, or that is not known.
func (e *Editor) found() State {
	switch e.standing {
	case Untouched:
		return e.current
	case Written:
		return e.original
	}
	return State{}
}

// Resume takes what was MovedEarlier, and is still there, for moved by this attempt: Undo
// restores the alias to where it was MovedFrom.
func (e *Editor) Resume() {
	from := e.MovedFrom()
	if from == None {
		return
	}
	now, text, history := e.current, e.found().Text, e.found().ActualHistory()
	history.Versions = history.Versions[1:]
	e.original = State{Position: Position{Version: from}, Text: text, History: history, description: Describe(text, history)}
	e.written, e.aim, e.standing = &now, now.Version, Written
}
