# One image for web, workers and commands. What it does is the command it is started with.
FROM python:3.12-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/vouchbox
ENV PATH=/opt/vouchbox/bin:$PATH
COPY requirements/core.lock /tmp/core.lock
RUN pip install --require-hashes --requirement /tmp/core.lock

FROM python:3.12-slim-bookworm
# Debian keeps one version of a package: a pin would break the build with each security fix.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini tesseract-ocr \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin vouchbox
COPY --from=build /opt/vouchbox /opt/vouchbox
ENV PATH=/opt/vouchbox/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/srv/vouchbox/var \
    PROMETHEUS_MULTIPROC_DIR=/dev/shm/vouchbox-metrics
WORKDIR /srv/vouchbox
COPY manage.py ./
COPY config config
COPY decisions decisions
COPY documents documents
COPY flows flows
COPY templates templates
COPY verifications verifications
COPY vouchbox_client vouchbox_client
# Static files are collected with secrets that exist for this one line only.
RUN SECRET_KEY=only-for-this-line \
    FIELD_ENCRYPTION_KEYS=build:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
    python manage.py collectstatic --no-input \
    && python -m compileall -q config decisions documents flows verifications vouchbox_client \
    && chown -R vouchbox:vouchbox var
# By number, so that Kubernetes can tell that it is not root.
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8000/health/live', headers={'Host': os.environ.get('ALLOWED_HOSTS', 'localhost').split(',')[0].strip()}), timeout=4)"]
ENTRYPOINT ["tini", "--"]
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--timeout", "60", "--graceful-timeout", "30", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
