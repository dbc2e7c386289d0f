FROM python:3.11-slim AS build
WORKDIR /srv/mge
COPY requirements.lock ./
# uv itself comes from the lock file too, so that nothing is installed without its digest
RUN sed -n '/^uv==/,/[^\\]$/p' requirements.lock > /tmp/uv.lock \
    && python -m venv /opt/uv \
    && /opt/uv/bin/pip install --no-cache-dir --require-hashes --requirement /tmp/uv.lock \
    && python -m venv --without-pip /opt/mge \
    && /opt/uv/bin/uv pip install --python /opt/mge/bin/python --no-cache --compile-bytecode \
        --require-hashes --requirement requirements.lock
COPY . .
# editable, since cypher/ and the migrations lie beside the package
RUN /opt/uv/bin/uv pip install --python /opt/mge/bin/python --no-cache --no-deps --no-build-isolation --editable .

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 mge \
    && install --directory --owner=mge --group=mge --mode=700 /var/lib/mge
COPY --from=build /opt/mge /opt/mge
COPY --from=build /srv/mge /srv/mge
ENV PATH=/opt/mge/bin:$PATH PYTHONUNBUFFERED=1 MGE_HOME=/var/lib/mge
WORKDIR /srv/mge
USER mge
EXPOSE 8000
ENTRYPOINT ["mge"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
