ARG RUST_IMAGE=rust:1.95-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${RUST_IMAGE} AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin sojourn

# Its own stage, so that a binary built elsewhere can take its place:
#   docker buildx build --build-context binary=FOLDER_WITH_THE_BINARY .
FROM scratch AS binary
COPY --from=build /src/target/release/sojourn /sojourn

FROM ${RUNTIME_IMAGE}
# Certificates of servers that are reached over TLS are checked against these.
RUN if [ ! -e /etc/ssl/certs/ca-certificates.crt ]; then \
      apt-get update \
      && apt-get install -y --no-install-recommends ca-certificates \
      && rm -rf /var/lib/apt/lists/*; \
    fi
# The user has a fixed number, so that the owner of the volume stays the same
# from one image to the next.
RUN groupadd --gid 10001 sojourn \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/sojourn \
      --shell /usr/sbin/nologin sojourn \
    && install -d -o 10001 -g 10001 -m 0750 /var/lib/sojourn
COPY --from=binary /sojourn /usr/local/bin/sojourn

# An address on loopback could not be reached from outside a container.
ENV SOJOURN_LISTEN=0.0.0.0:8080 \
    SOJOURN_DATA_DIR=/var/lib/sojourn
# By number: an orchestrator cannot tell from a name that it is not root.
USER 10001:10001
WORKDIR /var/lib/sojourn
VOLUME /var/lib/sojourn
EXPOSE 8080
# The binary asks itself, since the image has no HTTP client.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["sojourn", "healthcheck"]
ENTRYPOINT ["sojourn"]
