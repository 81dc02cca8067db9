"""OpenStack Swift with its S3 API as one process: proxy, account, container and object server, once each, over one folder.

Run by the interpreter that Swift was installed for (Debian: python3-swift), never by the one of the tests:
``/usr/bin/python3 swift_process.py FOLDER PORT KEY SECRET``. What it holds is in FOLDER and survives its end. It knows one key, checks each
signature and its time, and encrypts objects, which the service asks for. Its port answers when it is ready.
"""

import eventlet

eventlet.patcher.monkey_patch(thread=False)

import configparser  # noqa: E402
import pathlib  # noqa: E402
import sys  # noqa: E402

from eventlet import wsgi  # noqa: E402
from swift.common import utils  # noqa: E402

KINDS = ("account", "container", "object")
# The order that Swift's own documentation gives for the S3 API with encryption.
PIPELINE = "catch_errors gatekeeper listing_formats s3api tempauth copy slo dlo keymaster encryption proxy-server"


class Forgetful:
    """Where Swift wants a memcached: one that has just lost everything, always."""

    def get(self, *_: object, **__: object) -> None:
        return None

    set = delete = get


def write_settings(folder: pathlib.Path, ports: dict[str, int], key: str, secret: str) -> None:
    """One copy of everything: what is tested is the service, not Swift's replication."""
    (folder / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = vouchbox\n")
    common = {"devices": str(folder), "swift_dir": str(folder), "mount_check": "false", "log_level": "CRITICAL"}
    for kind in KINDS:
        parser = configparser.ConfigParser()
        parser["DEFAULT"] = common
        parser[f"app:{kind}-server"] = {"use": f"egg:swift#{kind}"}
        parser["pipeline:main"] = {"pipeline": f"{kind}-server"}
        with (folder / f"{kind}.conf").open("w") as file:
            parser.write(file)
    parser = configparser.ConfigParser()
    parser["DEFAULT"] = common
    parser["pipeline:main"] = {"pipeline": PIPELINE}
    for name in PIPELINE.split()[:-1]:
        parser[f"filter:{name}"] = {"use": f"egg:swift#{name}"}
    parser["filter:s3api"]["location"] = "us-east-1"
    account, user = key.split(":")
    parser["filter:tempauth"][f"user_{account}_{user}"] = f"{secret} .admin"
    parser["filter:keymaster"]["encryption_root_secret"] = "dm91Y2hib3g" * 4  # base64 of 33 bytes, and no secret
    parser["app:proxy-server"] = {"use": "egg:swift#proxy", "account_autocreate": "true"}
    with (folder / "proxy.conf").open("w") as file:
        parser.write(file)
    utils.set_swift_dir(str(folder))
    from swift.common.ring import RingBuilder

    for kind in KINDS:
        builder = RingBuilder(part_power=1, replicas=1, min_part_hours=0)
        place = {"region": 1, "zone": 1, "ip": "127.0.0.1", "port": ports[kind], "device": "disk", "weight": 1}
        builder.add_dev(place | {"replication_ip": place["ip"], "replication_port": place["port"]})
        builder.rebalance()
        builder.get_ring().save(str(folder / f"{kind}.ring.gz"))


def main(folder: pathlib.Path, port: int, key: str, secret: str) -> None:
    (folder / "disk").mkdir(exist_ok=True)
    inner = {kind: eventlet.listen(("127.0.0.1", 0), backlog=128) for kind in KINDS}
    write_settings(folder, {kind: server.getsockname()[1] for kind, server in inner.items()}, key, secret)
    from swift.common.http_protocol import SwiftHttpProtocol
    from swift.common.wsgi import loadapp

    silent = utils.NullLogger()
    for kind, server in inner.items():
        eventlet.spawn(wsgi.server, server, loadapp(str(folder / f"{kind}.conf")), silent, protocol=SwiftHttpProtocol)
    proxy = loadapp(str(folder / "proxy.conf"))
    cache = Forgetful()

    def answer(environ: dict, start_response: object) -> object:
        environ["swift.cache"] = cache
        return proxy(environ, start_response)

    wsgi.server(eventlet.listen(("127.0.0.1", port), backlog=128), answer, silent, protocol=SwiftHttpProtocol)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:5])
