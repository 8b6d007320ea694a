package proxyproto

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net"

	"github.com/pires/go-proxyproto"
	"github.com/pires/go-proxyproto/tlvparse"
)

// A Header is what a balancer says of a connection. The sections are those of the protocol's specification.
type Header struct {
	// Version is 1 or 2; to send: 0 means 2. Version 1 carries the addresses alone.
	Version int
	// Local: the connection is the balancer's own, as for a check of health, and no client's (section 2.2). Version 1 says
	// UNKNOWN for it.
	Local bool
	// Source is the client, Destination what it connected to: both of TCP, UDP or Unix sockets; nil if Local.
	Source, Destination net.Addr
	// ALPN is the protocol that was negotiated (section 2.2.1), "" if the header does not say.
	ALPN string
	// Authority is the host name that the client asked for, as by SNI (section 2.2.2).
	Authority string
	// UniqueID is the balancer's name for the connection (section 2.2.5), at most 128 bytes.
	UniqueID []byte
	// TLS tells of the client's TLS session (section 2.2.6); nil if there was none or the header does not say.
	TLS *TLS
	// Fields are the other fields of version 2, as those of makers of clouds (section 2.2.8).
	Fields []Field
}

// TLS is what a balancer says of the TLS session that it has ended.
type TLS struct {
	Version     string // as "TLSv1.3"
	Cipher      string // as "TLS_AES_128_GCM_SHA256"; "" if the header does not say
	Certificate bool   // the client has presented one in this session
	Verified    bool   // it has been verified
	CommonName  string // of the certificate
}

// A Field is a type and a value (section 2.2).
type Field struct {
	Type  byte
	Value []byte
}

// Secured reports whether the client reached the balancer over TLS: the header says so, or which protocol they agreed on.
func (h *Header) Secured() bool { return h != nil && !h.Local && (h.TLS != nil || h.ALPN != "") }

// parse reads a whole header.
func parse(head []byte) (*Header, error) {
	raw, err := proxyproto.Read(bufio.NewReaderSize(bytes.NewReader(head), len(head)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	h := &Header{Version: int(raw.Version), Local: raw.Command.IsLocal()}
	if !h.Local {
		h.Source, h.Destination = raw.SourceAddr, raw.DestinationAddr
	}
	if h.Version == 1 {
		return h, nil
	}
	fields, err := raw.TLVs()
	if err == nil {
		err = h.take(fields)
	}
	if err == nil && !intact(head) {
		err = errChecksum
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return h, nil
}

// take reads the fields of version 2. "LOCAL" leaves a connection as it is, whatever else is said.
func (h *Header) take(fields []proxyproto.TLV) error {
	for _, f := range fields {
		switch f.Type {
		case proxyproto.PP2_TYPE_ALPN:
			h.ALPN = string(f.Value)
		case proxyproto.PP2_TYPE_AUTHORITY:
			h.Authority = string(f.Value)
		case proxyproto.PP2_TYPE_UNIQUE_ID:
			h.UniqueID = f.Value
		case proxyproto.PP2_TYPE_SSL:
			ssl, err := tlvparse.SSL(f)
			if err != nil {
				return err
			}
			h.TLS = tlsOf(ssl)
		case proxyproto.PP2_TYPE_CRC32C, proxyproto.PP2_TYPE_NOOP:
		default:
			h.Fields = append(h.Fields, Field{byte(f.Type), f.Value})
		}
	}
	return nil
}

func tlsOf(ssl tlvparse.PP2SSL) *TLS {
	if !ssl.ClientSSL() {
		return nil
	}
	t := &TLS{Certificate: ssl.ClientCertConn()}
	t.Verified = (t.Certificate || ssl.ClientCertSess()) && ssl.Verified()
	t.Version, _ = ssl.SSLVersion()
	t.Cipher, _ = ssl.SSLCipher()
	t.CommonName, _ = ssl.ClientCN()
	return t
}

var errChecksum = errors.New("the checksum is another")

// blocks are the sizes of the addresses of a family: none, IPv4, IPv6, Unix (section 2.2).
var blocks = [...]int{0, 12, 36, 216}

// intact reports whether the checksum of a header is right, if it has one: "the receiver MUST calculate the checksum" (section 2.2.3). The header
// has been parsed; of one that is LOCAL and has less than the addresses of its family there are no fields.
func intact(head []byte) bool {
	for at := fixed2 + blocks[head[fixed2-3]>>4]; at < len(head); {
		kind, value := proxyproto.PP2Type(head[at]), at+3
		at = value + int(binary.BigEndian.Uint16(head[at+1:]))
		if kind != proxyproto.PP2_TYPE_CRC32C {
			continue
		}
		if at-value != crc32.Size {
			return false
		}
		zeroed := bytes.Clone(head)
		clear(zeroed[value:at])
		return crc32.Checksum(zeroed, crc32.MakeTable(crc32.Castagnoli)) == binary.BigEndian.Uint32(head[value:])
	}
	return true
}

var errAddresses = errors.New("a client's connection has two addresses of one kind")

// bytes returns the header as it is sent.
func (h *Header) bytes() ([]byte, error) {
	raw := proxyproto.HeaderProxyFromAddrs(byte(h.Version), h.Source, h.Destination)
	if h.Local {
		raw = &proxyproto.Header{Version: raw.Version, Command: proxyproto.LOCAL}
	} else if raw.Command.IsLocal() { // whoever is told so takes it for the balancer's own
		return nil, errAddresses
	}
	if raw.Version == 2 {
		fields, err := h.fields()
		if err == nil {
			err = raw.SetTLVs(fields)
		}
		if err != nil {
			return nil, err
		}
	}
	return raw.Format()
}

func (h *Header) fields() (fields []proxyproto.TLV, err error) {
	add := func(kind proxyproto.PP2Type, value []byte) {
		if len(value) > 0 {
			fields = append(fields, proxyproto.TLV{Type: kind, Value: value})
		}
	}
	add(proxyproto.PP2_TYPE_ALPN, []byte(h.ALPN))
	add(proxyproto.PP2_TYPE_AUTHORITY, []byte(h.Authority))
	add(proxyproto.PP2_TYPE_UNIQUE_ID, h.UniqueID)
	if h.TLS != nil {
		ssl, err := h.TLS.field()
		if err != nil {
			return nil, err
		}
		fields = append(fields, ssl)
	}
	for _, f := range h.Fields {
		fields = append(fields, proxyproto.TLV{Type: proxyproto.PP2Type(f.Type), Value: f.Value})
	}
	return fields, nil
}

// The bits of the client field (section 2.2.6).
const (
	clientSSL      = 1
	clientCertConn = 2
)

func (t *TLS) field() (proxyproto.TLV, error) {
	ssl := tlvparse.PP2SSL{Client: clientSSL, Verify: 1} // zero is for a certificate that has been verified
	if t.Certificate {
		ssl.Client |= clientCertConn
	}
	if t.Verified {
		ssl.Verify = 0
	}
	for _, sub := range []struct {
		kind  proxyproto.PP2Type
		value string
	}{{proxyproto.PP2_SUBTYPE_SSL_VERSION, t.Version}, {proxyproto.PP2_SUBTYPE_SSL_CIPHER, t.Cipher}, {proxyproto.PP2_SUBTYPE_SSL_CN, t.CommonName}} {
		if sub.value != "" {
			ssl.TLV = append(ssl.TLV, proxyproto.TLV{Type: sub.kind, Value: []byte(sub.value)})
		}
	}
	return ssl.Marshal()
}
