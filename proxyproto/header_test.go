package proxyproto_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/paf-go/paf/proxyproto"
)

// sent returns a header as it is on the wire.
func sent(t testing.TB, h *proxyproto.Header) string {
	t.Helper()
	var b bytes.Buffer
	if err := proxyproto.Send(&b, h); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const v2 = "\r\n\r\n\x00\r\nQUIT\n"

// full has everything that a header can say.
var full = &proxyproto.Header{
	Version: 2, Source: client, Destination: frontend, ALPN: "h2", Authority: "example.org", UniqueID: []byte("id"),
	TLS:    &proxyproto.TLS{Version: "TLSv1.3", Cipher: "TLS_AES_128_GCM_SHA256", Certificate: true, Verified: true, CommonName: "Ada"},
	Fields: []proxyproto.Field{{Type: 0xea, Value: []byte("\x01vpce-1")}},
}

var headers = map[string]*proxyproto.Header{
	"Full":    full,
	"IPv4":    {Version: 2, Source: client, Destination: frontend},
	"IPv6":    {Version: 2, Source: &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 1}, Destination: &net.TCPAddr{IP: net.ParseIP("2001:db8::2"), Port: 65535}},
	"Unix":    {Version: 2, Source: &net.UnixAddr{Name: "/a", Net: "unix"}, Destination: &net.UnixAddr{Name: "/b", Net: "unix"}},
	"Local":   {Version: 2, Local: true},
	"NoProof": {Version: 2, Source: client, Destination: frontend, TLS: &proxyproto.TLS{Version: "TLSv1.2", Certificate: true, CommonName: "Eve"}},
	"V1IPv4":  {Version: 1, Source: client, Destination: frontend},
	"V1IPv6":  {Version: 1, Source: &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 1}, Destination: &net.TCPAddr{IP: net.ParseIP("2001:db8::2"), Port: 65535}},
	"V1Local": {Version: 1, Local: true},
}

// A header says the same after it has been sent, and leaves what follows it where it is, also when it comes byte by byte.
func TestHeadersArriveAndNothingBeyondIsRead(t *testing.T) {
	const rest = "GET / HTTP/1.1\r\n"
	for name, want := range headers {
		for way, wrap := range map[string]func(io.Reader) io.Reader{"Whole": func(r io.Reader) io.Reader { return r }, "Bytes": iotest.OneByteReader, "EOF": iotest.DataErrReader} {
			t.Run(name+way, func(t *testing.T) {
				ground := strings.NewReader(sent(t, want) + rest)
				c := proxyproto.Server(&readFlow{Reader: wrap(ground)}, proxyproto.Options{})
				if err := c.HandshakeContext(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := c.Header(); !reflect.DeepEqual(plain(got), plain(want)) {
					t.Errorf("%+v has become %+v", want, got)
				}
				if ground.Len() != len(rest) && way != "EOF" {
					t.Errorf("%d bytes are left, not %d", ground.Len(), len(rest))
				}
				if got, err := io.ReadAll(c); string(got) != rest || err != nil {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
	}
}

// plain returns a header whose addresses are text.
func plain(h *proxyproto.Header) any {
	c := *h
	c.Source, c.Destination = nil, nil
	text := func(a net.Addr) string {
		if a == nil {
			return ""
		}
		return a.Network() + a.String()
	}
	return struct {
		proxyproto.Header
		Addrs [2]string
	}{c, [2]string{text(h.Source), text(h.Destination)}}
}

// A readFlow is a flow that only reads.
type readFlow struct {
	io.Reader
	closed bool
}

func (f *readFlow) Write(p []byte) (int, error) { return len(p), nil }
func (f *readFlow) Close() error                { f.closed = true; return nil }

func TestWhatIsNoHeaderIsAnError(t *testing.T) {
	good := sent(t, headers["IPv4"])
	edited := func(at int, b byte) string {
		p := []byte(good)
		p[at] = b
		return string(p)
	}
	for text, want := range map[string]error{
		"":                                                   proxyproto.ErrMissing,
		"GET / HTTP/1.1\r\n\r\n":                             proxyproto.ErrMissing,
		"PRI * HTTP/2.0\r\n\r\n":                             proxyproto.ErrMissing,
		"PROPFIND / HTTP/1.1\r\n":                            proxyproto.ErrMissing,
		"\r\n\r\nGET / HTTP/1.1":                             proxyproto.ErrMissing,
		"\x16\x03\x01":                                       proxyproto.ErrMissing,
		"PROX":                                               proxyproto.ErrMalformed, // and then the end
		"PROXY TCP4 1.2.3.4":                                 proxyproto.ErrMalformed,
		"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n":                   proxyproto.ErrMalformed,
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n":               proxyproto.ErrMalformed,
		"PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n":                proxyproto.ErrMalformed,
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n":             proxyproto.ErrMalformed,
		"PROXY TCP4 ::1 ::1 1 2\r\n":                         proxyproto.ErrMalformed,
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n":                   proxyproto.ErrMalformed,
		"PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n":                 proxyproto.ErrMalformed,
		"PROXY UNKNOWN" + strings.Repeat("x", 200) + "\r\n":  proxyproto.ErrTooLong,
		"PROXY TCP6 " + strings.Repeat("1", 200) + "\r\n":    proxyproto.ErrTooLong,
		good[:len(good)-1]:                                   proxyproto.ErrMalformed,
		good[:13]:                                            proxyproto.ErrMalformed,
		edited(12, 0x31):                                     proxyproto.ErrMalformed, // version 3
		edited(12, 0x22):                                     proxyproto.ErrMalformed, // another command
		edited(13, 0x41):                                     proxyproto.ErrMalformed, // another family
		edited(15, 11) + "xxxxxxxxx":                         proxyproto.ErrMalformed, // less than two addresses
		v2 + "\x21\x11\xff\xff" + strings.Repeat("x", 1<<16): proxyproto.ErrTooLong,
		v2 + "\x21\x11\x00\x0e" + strings.Repeat("x", 14):    proxyproto.ErrMalformed, // half a field
		v2 + "\x21\x11\x00\x0f" + strings.Repeat("x", 12) + "\x20\x00\x00":             proxyproto.ErrMalformed, // TLS without its flags
		v2 + "\x21\x11\x00\x13" + strings.Repeat("x", 12) + "\x03\x00\x04" + "\x00bad": proxyproto.ErrMalformed, // checksum
		v2 + "\x21\x11\x00\x0f" + strings.Repeat("x", 12) + "\x03\x00\x00":             proxyproto.ErrMalformed, // half a one
	} {
		f := &readFlow{Reader: strings.NewReader(text)}
		c := proxyproto.Server(f, proxyproto.Options{})
		err := c.HandshakeContext(t.Context())
		var typed *proxyproto.Error
		if !errors.Is(err, want) || !errors.As(err, &typed) || !f.closed {
			t.Errorf("%.40q: %v, want %v; closed: %v", text, err, want, f.closed)
		}
		if _, again := c.Read(make([]byte, 1)); again != err {
			t.Errorf("%.40q: Read: %v", text, again)
		}
		if _, again := c.Write(nil); again != err {
			t.Errorf("%.40q: Write: %v", text, again)
		}
		if c.Header() != nil {
			t.Errorf("%.40q says %+v", text, c.Header())
		}
	}
}

// "If the checksum is provided as part of the PROXY header", no bit of it may be another (section 2.2.3).
func TestChecksumIsChecked(t *testing.T) {
	head := []byte(v2 + "\x21\x11\x00\x13" + "\xc0\x00\x02\x01\xc6\x33\x64\x01\x12\x67\x01\xbb" + "\x03\x00\x04\x00\x00\x00\x00")
	copy(head[len(head)-4:], castagnoli(head))
	if err := said(t, proxyproto.Options{}, string(head), false).HandshakeContext(t.Context()); err != nil {
		t.Error(err)
	}
	for bit := range len(head) * 8 {
		wrong := bytes.Clone(head)
		wrong[bit/8] ^= 1 << (bit % 8)
		c := said(t, proxyproto.Options{}, string(wrong), true)
		if err := c.HandshakeContext(t.Context()); err == nil && bit/8 != 28 { // the type of the checksum's field: then there is none
			t.Errorf("bit %d may be wrong: %+v", bit, c.Header())
		}
	}
}

// castagnoli is CRC32c, bit by bit (RFC 9260, Appendix A).
func castagnoli(p []byte) []byte {
	crc := ^uint32(0)
	for _, b := range p {
		crc ^= uint32(b)
		for range 8 {
			crc = crc>>1 ^ -(crc&1)&0x82f63b78
		}
	}
	crc = ^crc
	return []byte{byte(crc >> 24), byte(crc >> 16), byte(crc >> 8), byte(crc)}
}

func TestWhatCannotBeSaidIsAnError(t *testing.T) {
	for name, h := range map[string]*proxyproto.Header{
		"ids are short":   {Source: client, Destination: frontend, UniqueID: make([]byte, 1<<16)},
		"a header is so":  {Source: client, Destination: frontend, Authority: strings.Repeat("x", 65530)},
		"ports have ends": {Version: 1, Source: &net.TCPAddr{IP: client.IP, Port: 70000}, Destination: frontend},
	} {
		var b bytes.Buffer
		if err := proxyproto.Send(&b, h); err == nil || b.Len() > 0 {
			t.Errorf("%s: %d bytes, %v", name, b.Len(), err)
		}
	}
}

func FuzzHeader(f *testing.F) {
	for _, h := range headers {
		f.Add([]byte(sent(f, h) + "rest"))
	}
	f.Add([]byte("GET / HTTP/1.1\r\n"))
	f.Fuzz(func(t *testing.T, p []byte) {
		var saw [2]error
		for i, r := range []io.Reader{bytes.NewReader(p), iotest.OneByteReader(bytes.NewReader(p))} {
			c := proxyproto.Server(&readFlow{Reader: r}, proxyproto.Options{Policy: func(net.Addr) proxyproto.Policy { return proxyproto.Accept }})
			saw[i] = c.HandshakeContext(t.Context())
			if saw[i] != nil {
				continue
			}
			if rest, err := io.ReadAll(c); err != nil || !bytes.HasSuffix(p, rest) || (c.Header() == nil) != (len(rest) == len(p)) {
				t.Fatalf("%q leaves %q, %v", p, rest, err)
			}
			if h := c.Header(); h != nil && !h.Local && (h.Source == nil || h.Destination == nil) {
				t.Fatalf("%q: no addresses", p)
			}
		}
		if (saw[0] == nil) != (saw[1] == nil) {
			t.Fatalf("%q: %v at once, %v byte by byte", p, saw[0], saw[1])
		}
	})
}
