package cpython

import (
	"strings"
	"testing"
)

func TestSuspendableList(t *testing.T) {
	list, err := readSuspendable()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"_PyEval_EvalFrameDefault": true, "slot_tp_call": true, "list_sort_impl": true, "task_step_impl": true,
		"slot_tp_finalize": false, "slot_tp_hash": false, "_Py_Dealloc": false, "subtype_dealloc": false, "gc_collect_main": false,
		"PyObject_Calloc": false, "": false,
	} {
		if list.match(name) != want {
			t.Errorf("%s is suspendable: %v, want %v", name, !want, want)
		}
	}
}

// A name that no function has is an error, so that the list can't rot unseen.
func TestUnusedNames(t *testing.T) {
	list := &nameList{in: []*namePattern{{pattern: "a*"}, {pattern: "gone"}}, out: []*namePattern{{pattern: "ab"}, {pattern: "lost"}}}
	if !list.match("ac") || list.match("ab") || list.match("b") {
		t.Error("the list does not match as it says")
	}
	err := list.unused()
	if err == nil || !strings.HasSuffix(err.Error(), " is called gone, lost") {
		t.Errorf("error is %v", err)
	}
}
