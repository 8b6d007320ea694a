package hpack

import (
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decodeAll(d *Decoder, block []byte) ([]Field, error) {
	var fields []Field
	d.Begin(block)
	for f := (Field{}); d.Next(&f); {
		fields = append(fields, f)
	}
	return fields, d.Err()
}

func fieldsOf(lines ...string) (fields []Field) {
	for _, l := range lines {
		name, value, _ := strings.Cut(l[1:], ": ")
		fields = append(fields, Field{Name: l[:1] + name, Value: value})
	}
	return fields
}

// state is the dynamic table, newest first, and its size.
func (t *table) state() (fields []Field, size int) {
	for i := 1; i <= t.n; i++ {
		fields = append(fields, *t.at(i))
	}
	return fields, t.size
}

// The examples of RFC 7541, Appendix C.3 to C.6: three blocks each on one connection.
func TestExamplesOfTheRFC(t *testing.T) {
	requests := [][]Field{
		fieldsOf(":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"),
		fieldsOf(":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"),
		fieldsOf(":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com", "custom-key: custom-value"),
	}
	requestTables := [][]Field{
		fieldsOf(":authority: www.example.com"),
		fieldsOf("cache-control: no-cache", ":authority: www.example.com"),
		fieldsOf("custom-key: custom-value", "cache-control: no-cache", ":authority: www.example.com"),
	}
	const cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"
	responses := [][]Field{
		fieldsOf(":status: 302", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT", "location: https://www.example.com"),
		fieldsOf(":status: 307", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT", "location: https://www.example.com"),
		fieldsOf(":status: 200", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:22 GMT", "location: https://www.example.com",
			"content-encoding: gzip", "set-cookie: "+cookie),
	}
	responseTables := [][]Field{
		fieldsOf("location: https://www.example.com", "date: Mon, 21 Oct 2013 20:13:21 GMT", "cache-control: private", ":status: 302"),
		fieldsOf(":status: 307", "location: https://www.example.com", "date: Mon, 21 Oct 2013 20:13:21 GMT", "cache-control: private"),
		fieldsOf("set-cookie: "+cookie, "content-encoding: gzip", "date: Mon, 21 Oct 2013 20:13:22 GMT"),
	}
	for _, c := range []struct {
		name   string
		max    uint32
		blocks []string
		fields [][]Field
		tables [][]Field
		sizes  []int
	}{
		{"C.3, requests", 4096, []string{
			"8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
			"8286 84be 5808 6e6f 2d63 6163 6865",
			"8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
		}, requests, requestTables, []int{57, 110, 164}},
		{"C.4, requests in Huffman code", 4096, []string{
			"8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
			"8286 84be 5886 a8eb 1064 9cbf",
			"8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
		}, requests, requestTables, []int{57, 110, 164}},
		{"C.5, responses", 256, []string{
			"4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
			"4803 3330 37c1 c0bf",
			"88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
		}, responses, responseTables, []int{222, 222, 215}},
		{"C.6, responses in Huffman code", 256, []string{
			"4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
			"4883 640e ffc1 c0bf",
			"88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
		}, responses, responseTables, []int{222, 222, 215}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := NewDecoder(c.max)
			for i, block := range c.blocks {
				got, err := decodeAll(d, unhex(t, block))
				if err != nil || !reflect.DeepEqual(got, c.fields[i]) {
					t.Errorf("block %d: %v, %v", i, got, err)
				}
				if table, size := d.table.state(); !reflect.DeepEqual(table, c.tables[i]) || size != c.sizes[i] {
					t.Errorf("after block %d: %d bytes: %v", i, size, table)
				}
			}
		})
	}
}

// Appendix C.1 and C.2.
func TestExamplesOfIntegersAndLiterals(t *testing.T) {
	for _, c := range []struct {
		n, bits int
		want    string
	}{{10, 5, "0a"}, {1337, 5, "1f9a0a"}, {42, 8, "2a"}} {
		if got := hex.EncodeToString(appendInt(nil, 0, c.bits, c.n)); got != c.want {
			t.Errorf("%d in %d bits: %s", c.n, c.bits, got)
		}
	}
	for block, want := range map[string]Field{
		"400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572": {Name: "custom-key", Value: "custom-header"},
		"040c 2f73 616d 706c 652f 7061 7468":                               {Name: ":path", Value: "/sample/path"},
		"1008 7061 7373 776f 7264 0673 6563 7265 74":                       {Name: "password", Value: "secret", Sensitive: true},
		"82": {Name: ":method", Value: "GET"},
	} {
		d := NewDecoder(4096)
		if got, err := decodeAll(d, unhex(t, block)); err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v, %v", block, got, err)
		}
	}
}
