from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.stack import Endpoints
from tests.acceptance.service import ServiceProcess, ended
from tests.servers import new_database

SHOP = {
    "shop/__init__.py": "from shop.cart import Cart\n",
    "shop/price.py": 'TAX = 19\n\n\ndef price(name: str) -> int:\n    """What one costs."""\n'
    "    return len(name) * TAX\n",
    "shop/cart.py": "from shop.price import price\n\n\nclass Cart:\n    def __init__(self) -> None:\n"
    "        self.names: list[str] = []\n\n    def add(self, name: str) -> None:\n"
    "        self.names.append(name)\n\n    def total(self) -> int:\n"
    "        return sum(price(name) for name in self.names)\n",
    "shop/web.ts": 'import { show } from "./show";\nexport function render(x: number): string {\n'
    "  return show(x);\n}\n",
    "shop/show.ts": "export function show(x: number): string {\n  return String(x);\n}\n",
    "shop/broken.py": "def half(:\n    return (\n",
}


def packed(files: dict[str, str]) -> bytes:
    """A .tar.gz of the files."""
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return into.getvalue()


@pytest.fixture(scope="session")
def service(servers: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """The service, running."""
    folder = tmp_path_factory.mktemp("service")
    root = folder / "root"
    for name, text in SHOP.items():
        path = root / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "secret").mkdir()
    (folder / "secret" / "key.py").write_text("key = 1\n")
    (root / "way-out").symlink_to(folder / "secret")
    with new_database(servers) as database_url:
        process = ServiceProcess(
            servers, database_url, folder / "home", root, {"MGE_MAX_UPLOAD_BYTES": str(2 * 2**20)}
        )
        process.start()
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="session")
def client(service: ServiceProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def imported(client: httpx.Client) -> dict[str, Any]:
    """The job that imported the shop."""
    answer = client.post(
        "/api/v2/plans/import",
        files={"file": ("shop.tar.gz", packed(SHOP))},
        data={"name": "acceptance shop"},
    )
    assert answer.status_code == 202, answer.text
    return ended(client, answer.json())
