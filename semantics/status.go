package semantics

// The codes of IANA's HTTP Status Code Registry. A status code is a number of
// three digits; one that is not named here is understood by its class
// (RFC 9110, Section 15), see [Informational] and its kin.
const (
	StatusContinue                  = 100 // RFC 9110, Section 15.2.1
	StatusSwitchingProtocols        = 101 // RFC 9110, Section 15.2.2
	StatusProcessing                = 102 // RFC 2518
	StatusEarlyHints                = 103 // RFC 8297
	StatusUploadResumptionSupported = 104 // draft-ietf-httpbis-resumable-upload; temporary

	StatusOK                          = 200 // RFC 9110, Section 15.3.1
	StatusCreated                     = 201 // RFC 9110, Section 15.3.2
	StatusAccepted                    = 202 // RFC 9110, Section 15.3.3
	StatusNonAuthoritativeInformation = 203 // RFC 9110, Section 15.3.4
	StatusNoContent                   = 204 // RFC 9110, Section 15.3.5
	StatusResetContent                = 205 // RFC 9110, Section 15.3.6
	StatusPartialContent              = 206 // RFC 9110, Section 15.3.7
	StatusMultiStatus                 = 207 // RFC 4918
	StatusAlreadyReported             = 208 // RFC 5842
	StatusIMUsed                      = 226 // RFC 3229

	StatusMultipleChoices   = 300 // RFC 9110, Section 15.4.1
	StatusMovedPermanently  = 301 // RFC 9110, Section 15.4.2
	StatusFound             = 302 // RFC 9110, Section 15.4.3
	StatusSeeOther          = 303 // RFC 9110, Section 15.4.4
	StatusNotModified       = 304 // RFC 9110, Section 15.4.5
	StatusUseProxy          = 305 // RFC 9110, Section 15.4.6
	StatusUnused306         = 306 // RFC 9110, Section 15.4.7
	StatusTemporaryRedirect = 307 // RFC 9110, Section 15.4.8
	StatusPermanentRedirect = 308 // RFC 9110, Section 15.4.9

	StatusBadRequest                  = 400 // RFC 9110, Section 15.5.1
	StatusUnauthorized                = 401 // RFC 9110, Section 15.5.2
	StatusPaymentRequired             = 402 // RFC 9110, Section 15.5.3
	StatusForbidden                   = 403 // RFC 9110, Section 15.5.4
	StatusNotFound                    = 404 // RFC 9110, Section 15.5.5
	StatusMethodNotAllowed            = 405 // RFC 9110, Section 15.5.6
	StatusNotAcceptable               = 406 // RFC 9110, Section 15.5.7
	StatusProxyAuthenticationRequired = 407 // RFC 9110, Section 15.5.8
	StatusRequestTimeout              = 408 // RFC 9110, Section 15.5.9
	StatusConflict                    = 409 // RFC 9110, Section 15.5.10
	StatusGone                        = 410 // RFC 9110, Section 15.5.11
	StatusLengthRequired              = 411 // RFC 9110, Section 15.5.12
	StatusPreconditionFailed          = 412 // RFC 9110, Section 15.5.13
	StatusContentTooLarge             = 413 // RFC 9110, Section 15.5.14
	StatusURITooLong                  = 414 // RFC 9110, Section 15.5.15
	StatusUnsupportedMediaType        = 415 // RFC 9110, Section 15.5.16
	StatusRangeNotSatisfiable         = 416 // RFC 9110, Section 15.5.17
	StatusExpectationFailed           = 417 // RFC 9110, Section 15.5.18
	StatusUnused418                   = 418 // RFC 9110, Section 15.5.19
	StatusMisdirectedRequest          = 421 // RFC 9110, Section 15.5.20
	StatusUnprocessableContent        = 422 // RFC 9110, Section 15.5.21
	StatusLocked                      = 423 // RFC 4918
	StatusFailedDependency            = 424 // RFC 4918
	StatusTooEarly                    = 425 // RFC 8470
	StatusUpgradeRequired             = 426 // RFC 9110, Section 15.5.22
	StatusPreconditionRequired        = 428 // RFC 6585
	StatusTooManyRequests             = 429 // RFC 6585
	StatusRequestHeaderFieldsTooLarge = 431 // RFC 6585
	StatusUnavailableForLegalReasons  = 451 // RFC 7725

	StatusInternalServerError           = 500 // RFC 9110, Section 15.6.1
	StatusNotImplemented                = 501 // RFC 9110, Section 15.6.2
	StatusBadGateway                    = 502 // RFC 9110, Section 15.6.3
	StatusServiceUnavailable            = 503 // RFC 9110, Section 15.6.4
	StatusGatewayTimeout                = 504 // RFC 9110, Section 15.6.5
	StatusHTTPVersionNotSupported       = 505 // RFC 9110, Section 15.6.6
	StatusVariantAlsoNegotiates         = 506 // RFC 2295
	StatusInsufficientStorage           = 507 // RFC 4918
	StatusLoopDetected                  = 508 // RFC 5842
	StatusNotExtended                   = 510 // RFC 2774
	StatusNetworkAuthenticationRequired = 511 // RFC 6585
)

// StatusText returns the phrase that the registry has for the code, and "" for
// a code that is not registered. It may serve as the reason phrase of an
// HTTP/1 response, which carries no meaning (RFC 9112, Section 4). 306 and 418
// are registered as "(Unused)".
func StatusText(code int) string {
	if code < 0 || code >= len(statusText) {
		return ""
	}
	return statusText[code]
}

// ValidStatus reports whether the code is a status code at all: "All valid
// status codes are within the range of 100 to 599, inclusive" (RFC 9110,
// Section 15).
func ValidStatus(code int) bool { return 100 <= code && code <= 599 }

// Informational reports whether the code is 1xx: an interim response, which a
// final one follows (RFC 9110, Section 15.2).
func Informational(code int) bool { return code/100 == 1 }

// Successful reports whether the code is 2xx (RFC 9110, Section 15.3).
func Successful(code int) bool { return code/100 == 2 }

// Redirection reports whether the code is 3xx (RFC 9110, Section 15.4).
func Redirection(code int) bool { return code/100 == 3 }

// ClientError reports whether the code is 4xx (RFC 9110, Section 15.5).
func ClientError(code int) bool { return code/100 == 4 }

// ServerError reports whether the code is 5xx (RFC 9110, Section 15.6), or beyond: a
// client "that receives a response with an invalid status code SHOULD process the
// response as if it had a 5xx" (Section 15).
func ServerError(code int) bool { return code >= 500 }

// IsError reports whether the code is 4xx or a [ServerError].
func IsError(code int) bool { return ClientError(code) || ServerError(code) }

// NoContent reports whether a response with the code never has content: 1xx,
// 204 and 304 (RFC 9110, Section 6.4.1).
func NoContent(code int) bool {
	return Informational(code) || code == StatusNoContent || code == StatusNotModified
}

var statusText = [...]string{
	StatusContinue:                      "Continue",
	StatusSwitchingProtocols:            "Switching Protocols",
	StatusProcessing:                    "Processing",
	StatusEarlyHints:                    "Early Hints",
	StatusUploadResumptionSupported:     "Upload Resumption Supported",
	StatusOK:                            "OK",
	StatusCreated:                       "Created",
	StatusAccepted:                      "Accepted",
	StatusNonAuthoritativeInformation:   "Non-Authoritative Information",
	StatusNoContent:                     "No Content",
	StatusResetContent:                  "Reset Content",
	StatusPartialContent:                "Partial Content",
	StatusMultiStatus:                   "Multi-Status",
	StatusAlreadyReported:               "Already Reported",
	StatusIMUsed:                        "IM Used",
	StatusMultipleChoices:               "Multiple Choices",
	StatusMovedPermanently:              "Moved Permanently",
	StatusFound:                         "Found",
	StatusSeeOther:                      "See Other",
	StatusNotModified:                   "Not Modified",
	StatusUseProxy:                      "Use Proxy",
	StatusUnused306:                     "(Unused)",
	StatusTemporaryRedirect:             "Temporary Redirect",
	StatusPermanentRedirect:             "Permanent Redirect",
	StatusBadRequest:                    "Bad Request",
	StatusUnauthorized:                  "Unauthorized",
	StatusPaymentRequired:               "Payment Required",
	StatusForbidden:                     "Forbidden",
	StatusNotFound:                      "Not Found",
	StatusMethodNotAllowed:              "Method Not Allowed",
	StatusNotAcceptable:                 "Not Acceptable",
	StatusProxyAuthenticationRequired:   "Proxy Authentication Required",
	StatusRequestTimeout:                "Request Timeout",
	StatusConflict:                      "Conflict",
	StatusGone:                          "Gone",
	StatusLengthRequired:                "Length Required",
	StatusPreconditionFailed:            "Precondition Failed",
	StatusContentTooLarge:               "Content Too Large",
	StatusURITooLong:                    "URI Too Long",
	StatusUnsupportedMediaType:          "Unsupported Media Type",
	StatusRangeNotSatisfiable:           "Range Not Satisfiable",
	StatusExpectationFailed:             "Expectation Failed",
	StatusUnused418:                     "(Unused)",
	StatusMisdirectedRequest:            "Misdirected Request",
	StatusUnprocessableContent:          "Unprocessable Content",
	StatusLocked:                        "Locked",
	StatusFailedDependency:              "Failed Dependency",
	StatusTooEarly:                      "Too Early",
	StatusUpgradeRequired:               "Upgrade Required",
	StatusPreconditionRequired:          "Precondition Required",
	StatusTooManyRequests:               "Too Many Requests",
	StatusRequestHeaderFieldsTooLarge:   "Request Header Fields Too Large",
	StatusUnavailableForLegalReasons:    "Unavailable For Legal Reasons",
	StatusInternalServerError:           "Internal Server Error",
	StatusNotImplemented:                "Not Implemented",
	StatusBadGateway:                    "Bad Gateway",
	StatusServiceUnavailable:            "Service Unavailable",
	StatusGatewayTimeout:                "Gateway Timeout",
	StatusHTTPVersionNotSupported:       "HTTP Version Not Supported",
	StatusVariantAlsoNegotiates:         "Variant Also Negotiates",
	StatusInsufficientStorage:           "Insufficient Storage",
	StatusLoopDetected:                  "Loop Detected",
	StatusNotExtended:                   "Not Extended",
	StatusNetworkAuthenticationRequired: "Network Authentication Required",
}
