package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// configure writes a configuration into the site, one for each port, and returns its name.
func configure(j job, program, text string) (string, error) {
	_, port, _ := net.SplitHostPort(j.Addr)
	name := filepath.Join(j.Dir, program+"-"+port+".conf")
	return name, os.WriteFile(name, []byte(text), 0o644)
}

// nginx answers the small request by itself, without looking for a file. It has no
// handler that takes an upload, but on HTTP/1.1 reads and discards what comes with a request
// that it answers itself; on HTTP/2 it answers and reads nothing.
func nginx(j job) ([]string, error) {
	var how, user string
	if j.TLS {
		how += " ssl"
	}
	if j.H2 {
		how += " http2"
	}
	if os.Getuid() == 0 {
		user = "user root;\n"
	}
	locations, upstream := fmt.Sprintf("\t\tlocation = / { return 200 %[1]q; }\n\t\tlocation = /sink { return 200 %[1]q; }\n", hello), ""
	if j.Behind != "" {
		locations = `		location / {
			proxy_pass http://behind;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $host;
			proxy_set_header X-Forwarded-For $remote_addr;
			proxy_set_header X-Forwarded-Proto $scheme;
		}
`
		upstream = fmt.Sprintf("\tupstream behind { server %s; keepalive 256; keepalive_requests 1000000000; }\n", j.Behind)
	}
	name, err := configure(j, "nginx", fmt.Sprintf(`daemon off;
%[1]sworker_processes %[2]d;
pid %[3]s/nginx.pid;
error_log stderr error;
events { worker_connections 16384; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	default_type text/plain;
	open_file_cache max=100;
	keepalive_timeout 600s;
	keepalive_requests 1000000000;
	http2_max_concurrent_streams 256;
	client_max_body_size 0;
	client_body_temp_path %[3]s/nginx-body;
	proxy_temp_path %[3]s/nginx-proxy;
	fastcgi_temp_path %[3]s/nginx-fastcgi;
	uwsgi_temp_path %[3]s/nginx-uwsgi;
	scgi_temp_path %[3]s/nginx-scgi;
	ssl_certificate %[3]s/cert.pem;
	ssl_certificate_key %[3]s/key.pem;
	ssl_protocols TLSv1.3;
	server {
		listen %[4]s%[5]s;
		root %[3]s;
%[6]s	}
%[7]s}
`, user, max(1, j.Cores), j.Dir, j.Addr, how, locations, upstream))
	return []string{"-p", j.Dir, "-c", name}, err
}

// h2o serves files. An upload it keeps whole before it calls a handler (in a file
// that it maps, when it is large): that is its way, and its figures show it.
func h2o(j job) ([]string, error) {
	host, port, _ := net.SplitHostPort(j.Addr)
	var secure, user string
	if j.TLS {
		secure = fmt.Sprintf("\n  ssl:\n    certificate-file: %[1]s/cert.pem\n    key-file: %[1]s/key.pem\n    neverbleed: OFF\n    ocsp-update-interval: 0", j.Dir)
	}
	if os.Getuid() == 0 {
		user = "user: root\n"
	}
	name, err := configure(j, "h2o", fmt.Sprintf(`%[1]slisten:
  host: %[2]s
  port: %[3]s%[4]s
num-threads: %[5]d
max-connections: 16384
limit-request-body: 4294967296
http1-request-timeout: 600
http2-idle-timeout: 600
http2-max-concurrent-requests-per-connection: 256
temp-buffer-path: %[6]s
hosts:
  default:
    paths:
      /:
        file.dir: %[6]s
      /sink:
        mruby.handler: |
          Proc.new { |env| [200, {"content-type" => "text/plain"}, ["%[7]s"]] }
`, user, host, port, secure, max(1, j.Cores), j.Dir, hello))
	return []string{"-c", name}, err
}

// nghttpd serves files, and to a POST too, whose content it discards.
func nghttpd(j job) ([]string, error) {
	host, port, _ := net.SplitHostPort(j.Addr)
	args := []string{"-a", host, "-n" + strconv.Itoa(max(1, j.Cores)), "-d", j.Dir}
	if j.TLS {
		return append(args, port, filepath.Join(j.Dir, "key.pem"), filepath.Join(j.Dir, "cert.pem")), nil
	}
	return append(args, "--no-tls", port), nil
}
