package acme

import (
	"slices"
	"testing"
	"time"
)

// machine is one of a fleet, with a clock that differs from the right one.
type machine struct {
	TicketConfig
	off time.Duration
}

// look is what a machine does with what is stored when it looks at it. It returns the key with which it makes tickets.
func (m *machine) look(stored *[]ticketKey, now time.Time) [32]byte {
	now = now.Add(m.off)
	if m.due(*stored, now) {
		*stored = m.add(*stored, now)
	}
	return m.secrets(*stored, now)[0]
}

// fleet returns machines whose clocks differ by what is given.
func fleet(t *testing.T, c TicketConfig, off ...time.Duration) []*machine {
	t.Helper()
	var all []*machine
	for _, d := range off {
		all = append(all, &machine{c, d})
	}
	return all
}

func scheduled(t *testing.T) TicketConfig {
	t.Helper()
	c := TicketConfig{Storage: Files("unused")}
	if err := c.complete(); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestEveryKeyIsKnownBeforeItIsUsed has machines look at what is stored once in a Poll and a quarter, with clocks that differ by Skew.
func TestEveryKeyIsKnownBeforeItIsUsed(t *testing.T) {
	c := scheduled(t)
	machines := fleet(t, c, -c.Skew/2, 0, c.Skew/2)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var stored []ticketKey
	known := make([][]ticketKey, len(machines))
	used := map[[32]byte]bool{}
	for i, m := range machines { // all have started and have the first key
		m.look(&stored, start)
		known[i] = stored
	}
	step := c.Poll * 5 / 4 / time.Duration(len(machines))
	for n := range 6000 {
		now := start.Add(time.Duration(n) * step)
		i := n % len(machines)
		machines[i].look(&stored, now)
		known[i] = stored
		for _, m := range machines { // each makes tickets with the best of the keys that it knows
			key := m.secrets(known[slices.Index(machines, m)], now.Add(m.off))[0]
			used[key] = true
			for j := range machines {
				if !slices.Contains(machines[j].secrets(known[j], now.Add(machines[j].off)), key) {
					t.Fatalf("after %v a machine makes tickets that machine %d cannot open", now.Sub(start), j)
				}
			}
		}
		if len(stored) > c.Keep+2 {
			t.Fatalf("%d keys are stored", len(stored))
		}
	}
	if want := int(6000 * step / c.Every); len(used) < want-1 || len(used) > want+2 {
		t.Errorf("%d keys were used in %v", len(used), 6000*step)
	}
}

// TestWrongClock lets one clock of four be far off: the keys go on being changed, not too often, and all open what any makes.
func TestWrongClock(t *testing.T) {
	for name, off := range map[string]time.Duration{"ahead": 400 * 24 * time.Hour, "behind": -400 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			c := scheduled(t)
			machines := fleet(t, c, 0, 0, 0, off)
			now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			var stored []ticketKey
			used, made := map[[32]byte]bool{}, map[[32]byte]bool{}
			for range 10 * int(c.Every/c.Poll) {
				for i, m := range machines {
					key := m.look(&stored, now)
					if i < 3 {
						used[key] = true
					}
					made[[32]byte(stored[len(stored)-1].Secret)] = true
				}
				now = now.Add(c.Poll)
			}
			if len(used) < 9 || len(made) > 25 {
				t.Errorf("in the time of 10 keys, %d were used and %d made", len(used), len(made))
			}
		})
	}
}

func TestStoredKeysAreChecked(t *testing.T) {
	c := scheduled(t)
	keys := c.add(nil, time.Now())
	if got, err := decodeTicketKeys(encodeTicketKeys(keys)); err != nil || len(got) != 1 || !got[0].From.Equal(keys[0].From) {
		t.Errorf("%v, %v", got, err)
	}
	short := []ticketKey{{From: time.Now(), Secret: []byte("short")}}
	for _, text := range []string{"", "{}", "[]", `{"keys":[{}]}`, string(encodeTicketKeys(short)), string(encodeTicketKeys(slices.Repeat(keys, mostTicketKeys+1)))} {
		if _, err := decodeTicketKeys([]byte(text)); err != ErrTicketKeys {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}
