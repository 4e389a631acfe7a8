package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"time"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/brand"
)

const assetRoute = "/assets/{hash:[0-9a-f]{16}}/{name}"

//go:embed assets
var assetFiles embed.FS

// assets are the files by their addresses. The address holds the content's hash, so that a browser may keep it for ever and
// still gets a new version at once.
type assets map[string]asset

type asset struct {
	kind string // its Content-Type
	body []byte
}

// readAssets reads connectd's own files, and adds the platform's logo and colour.
func readAssets(of brand.Brand) assets {
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		panic(err) // the folder is embedded
	}
	found := assets{}
	for _, e := range entries {
		body, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			panic(err) // likewise
		}
		if e.Name() == sellerStyle {
			body = append([]byte(of.Shade().CSS()), body...)
		}
		found.add(e.Name(), mime.TypeByExtension(path.Ext(e.Name())), body)
	}
	if of.Logo.Content != nil {
		found.add("logo", of.Logo.Type, of.Logo.Content)
	}
	return found
}

// sellerStyle is the style sheet that the platform's colour goes into.
const sellerStyle = "seller.css"

func (a assets) add(name, kind string, body []byte) {
	sum := sha256.Sum256(body)
	a[path.Join("/assets", hex.EncodeToString(sum[:8]), name)] = asset{kind, body}
}

// url is the address of the asset of that name. One that does not exist is a mistake in a template.
func (a assets) url(name string) string {
	for url := range a {
		if path.Base(url) == name {
			return url
		}
	}
	panic("there is no asset " + name)
}

func (s *site) serveAsset(w http.ResponseWriter, r *http.Request) {
	vars := mux.Vars(r)
	found, ok := s.assets[path.Join("/assets", vars["hash"], vars["name"])]
	if !ok {
		s.showNotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", found.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(found.body))
}
