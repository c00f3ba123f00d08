# The image that the action runs in: one static binary and the CA certificates.
#
# The builder is pinned by tag; a release looks up the digest and records it. To pin the
# digest here, too:
#   docker buildx imagetools inspect golang:1.26-alpine
# and then FROM golang:1.26-alpine@sha256:...
FROM --platform=$BUILDPLATFORM golang:1.26-alpine AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
# VERSION is what --version and the user agent show; (devel) if it is empty.
ARG VERSION="" TARGETOS TARGETARCH
# .ci/run extracts this build line and runs it. Without inlining the program is 1.6 MB
# smaller, and starts as fast: it waits for the network.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -gcflags=all=-l -ldflags "-s -w -X lambda-release/internal/app.version=$VERSION" -o /out/lambda-release .

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/lambda-release /lambda-release
# No USER: the runner mounts the files for outputs and summary as root.
# https://docs.github.com/en/actions/reference/workflows-and-actions/dockerfile-support#user
#
# Exec form: the program is PID 1 and receives the signals of a cancelled job.
ENTRYPOINT ["/lambda-release"]
