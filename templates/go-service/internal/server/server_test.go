package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestServer(t *testing.T) {
	large := `{"name":"` + strings.Repeat("a", maxBodyBytes) + `"}`
	tests := []struct {
		name   string
		method string
		path   string
		body   string
		status int
		answer string
	}{
		{"is healthy", "GET", "/healthz", "", http.StatusOK, `{"status":"ok"}`},
		{"greets by name", "POST", "/greetings", `{"name":"Ada"}`, http.StatusCreated, `{"greeting":"Hello, Ada!"}`},
		{"names the field that is wrong", "POST", "/greetings", `{"name":" "}`, http.StatusUnprocessableEntity, `name: `},
		{"refuses unknown fields", "POST", "/greetings", `{"nam":"Ada"}`, http.StatusBadRequest, `unknown field`},
		{"refuses what is no JSON", "POST", "/greetings", `Ada`, http.StatusBadRequest, `invalid character`},
		{"refuses two values", "POST", "/greetings", `{"name":"Ada"} {}`, http.StatusBadRequest, `follows`},
		{"refuses a huge body", "POST", "/greetings", large, http.StatusRequestEntityTooLarge, `too large`},
		{"refuses another method", "DELETE", "/greetings", "", http.StatusMethodNotAllowed, `not POST`},
		{"knows what it has not", "GET", "/nowhere", "", http.StatusNotFound, `/nowhere`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			request := httptest.NewRequest(test.method, test.path, strings.NewReader(test.body))
			request.Header.Set("Content-Type", "application/json; charset=utf-8")
			answer := httptest.NewRecorder()
			New().ServeHTTP(answer, request)
			if answer.Code != test.status {
				t.Errorf("status %d, want %d", answer.Code, test.status)
			}
			if body := answer.Body.String(); !strings.Contains(body, test.answer) {
				t.Errorf("body %q, want %q in it", body, test.answer)
			}
		})
	}
}

func TestServerRefusesABodyThatIsNotSaidToBeJSON(t *testing.T) {
	request := httptest.NewRequest("POST", "/greetings", strings.NewReader(`{"name":"Ada"}`))
	answer := httptest.NewRecorder()
	New().ServeHTTP(answer, request)
	if answer.Code != http.StatusUnsupportedMediaType {
		t.Errorf("status %d, want %d", answer.Code, http.StatusUnsupportedMediaType)
	}
}
