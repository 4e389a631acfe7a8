#!/usr/bin/env bash
# Builds the static binaries of a release and their checksums: release.sh DIR [OS/ARCH…]. The same commit, VERSION and Go make the
# same bytes, in whatever folder. Where there is no git, VERSION, COMMIT and DATE say what is built.
set -euo pipefail
out=${1:?usage: release.sh DIR [OS/ARCH...]}
shift
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$(dirname "$0")/.."

commit=${COMMIT:-$(git rev-parse HEAD)}
date=${DATE:-$(TZ=UTC git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ)}
version=${VERSION:-$(git describe --tags --always --dirty)}
targets=("$@")
[ $# -gt 0 ] || targets=(linux/amd64 linux/arm64 darwin/amd64 darwin/arm64)

names=()
for target in "${targets[@]}"; do
	name=connectd_${version}_${target%/*}_${target#*/}
	CGO_ENABLED=0 GOOS=${target%/*} GOARCH=${target#*/} GOAMD64=v1 GOARM64=v8.0 GOFLAGS=-mod=readonly \
		go build -trimpath -buildvcs=false -ldflags "-s -w -buildid= -X main.releaseVersion=$version -X main.releaseCommit=$commit -X main.releaseDate=$date" \
		-o "$out/$name" ./cmd/connectd
	names+=("$name")
done
cd "$out"
sha256sum "${names[@]}" >SHA256SUMS
