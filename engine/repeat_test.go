package engine_test

import (
	"strconv"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

func TestARepeatKnowsAllThatIsInAHead(t *testing.T) {
	was := func() *semantics.Response {
		return &semantics.Response{Status: 200, Reason: "fine", Fields: semantics.FieldsOf("a", "b", "c", "d")}
	}
	var h engine.Repeat
	if h.Is(&semantics.Response{}) || h.Is(was()) {
		t.Error("it remembers what it was never told")
	}
	r := was()
	h.Note(r)
	r.Fields.Set("a", "x") // does not change what is remembered
	if !h.Is(was()) || h.Is(r) {
		t.Error("another one than the one noted")
	}
	for name, change := range map[string]func(*semantics.Response){
		"status": func(r *semantics.Response) { r.Status = 201 },
		"reason": func(r *semantics.Response) { r.Reason = "" },
		"name":   func(r *semantics.Response) { r.Fields = semantics.FieldsOf("A", "b", "c", "d") },
		"value":  func(r *semantics.Response) { r.Fields.Set("c", "e") },
		"order":  func(r *semantics.Response) { r.Fields = semantics.FieldsOf("c", "d", "a", "b") },
		"fewer":  func(r *semantics.Response) { r.Fields.Del("c") },
		"more":   func(r *semantics.Response) { r.Fields.Add("e", "f") },
		"sensitive": func(r *semantics.Response) {
			r.Fields.SetField(semantics.Field{Name: "a", Value: "b", Sensitive: true})
		},
	} {
		other := was()
		if change(other); h.Is(other) {
			t.Errorf("it does not look at the %s", name)
		}
	}
	many := was()
	for i := range 20 {
		many.Fields.Add("x-"+strconv.Itoa(i), "")
	}
	if h.Note(many); h.Is(many) || h.Is(was()) {
		t.Error("a head with very many fields is remembered, or what was before")
	}
	h.Note(was())
	if h.Forget(); h.Is(was()) {
		t.Error("it does not forget")
	}
}
