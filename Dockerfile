# One image, one process: the daemon, its rules and its feed list. Nothing but /data is written.
FROM python:3.13-slim AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# The locks first: as long as they stand, this layer does.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv --without-pip /opt/wirewatch \
 && pip --python /opt/wirewatch/bin/python install --require-hashes --only-binary :all: -r requirements.lock \
 && python -m venv --without-pip /opt/build \
 && pip --python /opt/build/bin/python install --require-hashes --only-binary :all: -r requirements-build.lock

COPY pyproject.toml README.md LICENSE ./
COPY monitor ./monitor
# monitor/demo/rules links here: the wheel carries a copy for the demo.
COPY rules ./rules
RUN pip --python /opt/build/bin/python wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && pip --python /opt/wirewatch/bin/python install --no-deps --no-index /wheels/*.whl


FROM python:3.13-slim
LABEL org.opencontainers.image.title="Wirewatch" \
      org.opencontainers.image.description="Reads the wires for one desk and speaks only when it matters" \
      org.opencontainers.image.licenses="MIT"

COPY --from=builder /opt/wirewatch /opt/wirewatch
COPY docker/config.toml feeds.opml /etc/wirewatch/
COPY rules /etc/wirewatch/rules
RUN install --directory --owner 10001 --group 10001 --mode 0750 /data \
 && chmod -R go+rX,go-w /etc/wirewatch

# Nothing is compiled or cached at run time, so the root may be read-only; /tmp is for what a library must put somewhere.
ENV PATH=/opt/wirewatch/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

USER 10001:10001
WORKDIR /etc/wirewatch
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["wirewatch", "health"]
ENTRYPOINT ["wirewatch"]
CMD ["run"]
