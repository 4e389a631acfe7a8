# syntax=docker/dockerfile:1
# The image is the binary, what TLS needs, and nothing else:
#   docker build --build-arg VERSION=$(git describe --tags --always) --build-arg COMMIT=$(git rev-parse HEAD) \
#     --build-arg DATE=$(git log -1 --format=%cI) --tag connectd .
# To pin what it is built with, name a digest: --build-arg GO_IMAGE=golang:1.26.10-bookworm@sha256:…
ARG GO_IMAGE=golang:1.26.10-bookworm

FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unreleased
ARG COMMIT=unknown
ARG DATE=unknown
ARG TARGETOS
ARG TARGETARCH
RUN deploy/release.sh /out "${TARGETOS}/${TARGETARCH}" && mv /out/connectd_* /out/connectd

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/connectd /connectd
ENV CONNECTD_ENV=production CONNECTD_ADDR=:3001 CONNECTD_LOG_FORMAT=json
EXPOSE 3001
# Nobody's own: the image has no /etc/passwd. Nothing is written, so that its file system may be read-only.
USER 65532:65532
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --start-interval=1s --retries=3 CMD ["/connectd", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/connectd"]
CMD ["serve"]
