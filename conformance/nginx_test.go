package conformance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf/internal/testkit"
)

// nginx serves files, and keeps those that are put there.
var nginx = peer{name: "nginx", can: stores | tags, start: startNginx}

func startNginx(t testing.TB, s *site) addresses {
	t.Helper()
	path := testkit.Need(t, "nginx")
	at, files := sockets(t)
	user := ""
	if os.Getuid() == 0 {
		user = "user root root;" // else its worker is one who may not read the site
	}
	config := strings.NewReplacer(
		"USER", user, "DIR", s.dir, "CERT", s.cert.pem, "KEY", s.cert.key,
		"CLEAR", at[clear11.name], "SECURE", at[tls11.name],
		"IDLE", fmt.Sprintf("%dms", s.idle.Milliseconds()), "REQUESTS", fmt.Sprint(s.requests),
	).Replace(nginxConfig)
	file := filepath.Join(s.dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, "-p", s.dir, "-c", file, "-e", "stderr")
	c.Env = append(os.Environ(), "NGINX=3;4;") // the sockets that it inherits, as when it replaces itself by a newer one
	run(t, c, files)
	return at
}

// A response that may get trailers or includes has no declared length; an empty trailer is
// not sent. 444 is nginx's own: it closes the connection without an answer.
const nginxConfig = `
USER
daemon off;
worker_processes 1;
pid DIR/pid;
error_log stderr error;
events { worker_connections 2048; }
http {
	access_log off;
	default_type application/octet-stream;
	client_body_temp_path DIR/body;
	proxy_temp_path DIR/proxy;
	fastcgi_temp_path DIR/fastcgi;
	uwsgi_temp_path DIR/uwsgi;
	scgi_temp_path DIR/scgi;
	client_max_body_size 0;
	keepalive_timeout IDLE;
	keepalive_requests REQUESTS;
	ssl_certificate CERT;
	ssl_certificate_key KEY;
	add_header X-Connection $connection always;
	add_header X-Framing $http_content_length$http_transfer_encoding always;
	ssi_types *;
	server {
		listen CLEAR;
		listen SECURE ssl;
		location / { return 404; }
		location /bytes/ { alias DIR/root/; }
		location /chunked/ { alias DIR/root/; add_trailer X-Empty ""; }
		location /toend/ { alias DIR/root/; ssi on; chunked_transfer_encoding off; }
		location ~ ^/trailer/(.*)$ { alias DIR/root/$1; add_trailer X-Sum "of $1"; }
		location ~ ^/lost/(.*)$ {
			if ($connection_requests != 1) { return 444; }
			alias DIR/root/$1;
		}
		location /refuse { return 413; }
		location /store/ { root DIR; dav_methods PUT DELETE; }
	}
}
`
