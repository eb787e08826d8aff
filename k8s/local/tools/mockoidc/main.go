// An OpenID Connect provider for tests: github.com/oauth2-proxy/mockoidc as a process, over https,
// with a second port by which a test says who logs in next and has tokens of any kind signed.
package main

import (
	"crypto/tls"
	"encoding/json"
	"flag"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/golang-jwt/jwt/v5"
	"github.com/oauth2-proxy/mockoidc"
)

// person says of itself what a test wants, in place of what would follow from the request.
type person struct {
	mockoidc.MockUser
	claims map[string]any
}

func (p *person) Claims(_ []string, base *mockoidc.IDTokenClaims) (jwt.Claims, error) {
	encoded, err := json.Marshal(base)
	if err != nil {
		return nil, err
	}
	claims := jwt.MapClaims{}
	if err := json.Unmarshal(encoded, &claims); err != nil {
		return nil, err
	}
	for name, value := range p.claims {
		claims[name] = value
	}
	return claims, nil
}

func main() {
	address := flag.String("address", "127.0.0.1:0", "where the provider listens, over https")
	control := flag.String("control", "127.0.0.1:0", "where a test says who logs in, over http")
	certificate := flag.String("certificate", "", "PEM file")
	key := flag.String("key", "", "PEM file")
	client := flag.String("client", "", "id of the one client; its secret is in CLIENT_SECRET")
	flag.Parse()

	pair, err := tls.LoadX509KeyPair(*certificate, *key)
	orEnd(err)
	provider, err := mockoidc.NewServer(nil)
	orEnd(err)
	provider.ClientID, provider.ClientSecret = *client, os.Getenv("CLIENT_SECRET")
	listener, err := net.Listen("tcp", *address)
	orEnd(err)
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	// It tells https by the configuration, and serves what it is given.
	orEnd(provider.Start(tls.NewListener(listener, config), config))

	http.HandleFunc("POST /next", func(answer http.ResponseWriter, request *http.Request) {
		claims := decoded(request)
		subject, _ := claims["sub"].(string)
		provider.QueueUser(&person{mockoidc.MockUser{Subject: subject}, claims})
		answer.WriteHeader(http.StatusNoContent)
	})
	http.HandleFunc("POST /sign", func(answer http.ResponseWriter, request *http.Request) {
		token, err := provider.Keypair.SignJWT(jwt.MapClaims(decoded(request)))
		if err != nil {
			http.Error(answer, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = answer.Write([]byte(token))
	})
	orEnd(http.ListenAndServe(*control, nil))
}

func decoded(request *http.Request) map[string]any {
	claims := map[string]any{}
	if err := json.NewDecoder(request.Body).Decode(&claims); err != nil {
		log.Print(err)
	}
	return claims
}

func orEnd(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
