package main

import (
	"context"
	"encoding/json"
	"io"
	"syscall/js"
)

// run answers the page's questions for as long as it is open.
func run(context.Context, []string, io.Writer) int {
	js.Global().Set("whichAlias", js.FuncOf(func(_ js.Value, args []js.Value) any {
		var q question
		if err := json.Unmarshal([]byte(args[0].String()), &q); err != nil {
			return `{"Why": "the page and its program differ", "Fails": true}`
		}
		text, err := json.Marshal(ask(q, inPage))
		if err != nil {
			return `{"Why": "no answer", "Fails": true}`
		}
		return string(text)
	}))
	js.Global().Call("whichAliasReady")
	select {}
}

// inPage stores a payload in the page's file system, which has one file.
func inPage(payload []byte) (string, error) {
	js.Global().Set("whichAliasFile", string(payload))
	return "/event.json", nil
}
