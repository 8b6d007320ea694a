package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

// The table of docs/load.md has the fields that a file has, each of them and no other.
func TestTheFieldsOfTheJSONAreDocumented(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.json")
	if code, _, stderr := loads(t, "-n", "20", "-c", "2", "--max-errors", "20", "--json", file, failing(t, 2)); code != exit.OK {
		t.Fatal(stderr)
	}
	run, err := record.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	fill(reflect.ValueOf(run).Elem()) // with what this run has not seen
	var text bytes.Buffer
	if err := run.Write(&text); err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(text.Bytes(), &value); err != nil {
		t.Fatal(err)
	}
	written := map[string]bool{}
	paths(written, "", value)

	docs, err := os.ReadFile("../../docs/load.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(docs), "### The fields of the JSON")
	table, _, _ = strings.Cut(table, "\n## ")
	documented := map[string]bool{}
	code := regexp.MustCompile("`([^`]+)`")
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) != 4 {
			continue
		}
		for _, field := range code.FindAllStringSubmatch(cells[1], -1) {
			documented[field[1]] = true
			if field[1] == ".latency.ms" {
				for _, name := range code.FindAllStringSubmatch(cells[2], -1) {
					documented[".latency.ms."+name[1]] = true
				}
			}
		}
	}
	for _, field := range slices.Sorted(maps.Keys(written)) {
		if !documented[field] {
			t.Errorf("docs/load.md does not say what %s is", field)
		}
	}
	for _, field := range slices.Sorted(maps.Keys(documented)) {
		if !written[field] {
			t.Errorf("docs/load.md has %s, and no file has it", field)
		}
	}
}

// fill gives each field that is empty a value. Histograms are written whatever they hold.
func fill(v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[*record.Histogram](), !v.CanSet():
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		fill(v.Elem())
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case v.Kind() == reflect.Slice && v.Len() == 0:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case v.Kind() == reflect.Map && v.Len() == 0:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key)
		fill(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case v.CanInt() && v.Int() == 0:
		v.SetInt(1)
	case v.CanFloat() && v.Float() == 0:
		v.SetFloat(1)
	case v.Kind() == reflect.String && v.Len() == 0:
		v.SetString("x")
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	}
}

// byName are the objects whose members have names of their own.
var byName = []string{".settings.options", ".statuses", ".failures"}

// paths adds the fields of a value, as the table names them: those of all histograms by the first.
func paths(all map[string]bool, path string, value any) {
	if path != "" {
		all[path] = true
	}
	switch v := value.(type) {
	case map[string]any:
		_, histogram := v["hdr"]
		for name, member := range v {
			switch {
			case histogram:
				paths(all, ".latency."+name, member)
			case slices.Contains(byName, path):
				delete(all, path)
				paths(all, path+"[]", member)
			default:
				paths(all, path+"."+name, member)
			}
		}
	case []any:
		delete(all, path)
		for _, member := range v {
			paths(all, path+"[]", member)
		}
	}
}
