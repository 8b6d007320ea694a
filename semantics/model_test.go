package semantics

import (
	"slices"
	"strings"
	"testing"
)

// A model is what Fields means, without a thought for speed.
type model []Field

func (m *model) del(name string) {
	*m = slices.DeleteFunc(slices.Clone(*m), func(l Field) bool { return strings.EqualFold(l.Name, name) })
}

func (m *model) add(name, value string) {
	*m = append(slices.Clone(*m), Field{Name: name, Value: value})
}

func (m *model) set(name, value string) {
	i := slices.IndexFunc(*m, func(l Field) bool { return strings.EqualFold(l.Name, name) })
	if i < 0 {
		m.add(name, value)
		return
	}
	rest := (*m)[i+1:]
	rest.del(name)
	*m = append(append(slices.Clone((*m)[:i]), Field{Name: name, Value: value}), rest...)
}

func (m model) values(name string) (vs []string) {
	for _, l := range m {
		if strings.EqualFold(l.Name, name) {
			vs = append(vs, l.Value)
		}
	}
	return vs
}

// FuzzFields gives the same commands to some sections, which share their memory
// at times, and to models, which never do. Each command is two bytes: what to
// do and to which section, and with which name.
func FuzzFields(f *testing.F) {
	f.Add([]byte("\x00a\x00b\x04a\x10b\x20c\x30d"))
	f.Add([]byte{0, 1, 0, 2, 5, 0, 0x11, 3, 0, 4, 0x12, 1, 2, 2})
	f.Add([]byte{0, 0, 4, 1, 0, 0, 0x10, 0, 4, 2, 0x20, 5, 3, 0, 0, 0})
	f.Fuzz(func(t *testing.T, commands []byte) {
		commands = commands[:min(len(commands), 512)] // compare is quadratic
		var sections [3]Fields
		var models [3]model
		for step := 0; step+1 < len(commands); step += 2 {
			at, other := int(commands[step]>>4)%3, int(commands[step+1]>>4)%3
			s, m := &sections[at], &models[at]
			name := string([]byte{"aAbBcC@`"[commands[step+1]%8]})
			value := string(rune('0' + step%64))
			switch commands[step] % 8 {
			case 0:
				s.Add(name, value)
				m.add(name, value)
			case 1:
				s.Set(name, value)
				m.set(name, value)
			case 2:
				s.Del(name)
				m.del(name)
			case 3:
				s.Reset()
				*m = nil
			case 4:
				sections[other] = s.Share()
				models[other] = *m
			case 5:
				sections[other] = s.Clone()
				models[other] = *m
			case 6:
				s.SetField(Field{Name: name, Value: value})
				m.set(name, value)
			case 7:
				if s.AddMissing(name, value) != (m.values(name) == nil) {
					t.Fatalf("step %d: AddMissing(%s)", step, name)
				}
				if len(m.values(name)) == 0 {
					m.add(name, value)
				}
			}
			for i := range sections {
				compare(t, step, &sections[i], models[i], name)
			}
		}
	})
}

func compare(t *testing.T, step int, s *Fields, m model, name string) {
	if !slices.Equal(s.List(), []Field(m)) || s.Len() != len(m) {
		t.Fatalf("step %d: %v, want %v", step, s.List(), m)
	}
	vs := m.values(name)
	first, ok := s.Lookup(name)
	if !slices.Equal(s.Values(name), vs) || s.Count(name) != len(vs) || ok != (len(vs) > 0) ||
		s.Has(name) != ok || s.Get(name) != first || ok && first != vs[0] {
		t.Fatalf("step %d: of %v, %s is %q", step, m, name, s.Values(name))
	}
	copied := FieldsFrom(m)
	if !s.Equal(&copied) {
		t.Fatalf("step %d: not equal to its own lines", step)
	}
}
