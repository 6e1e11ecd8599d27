"""A real S3 server with object lock."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.error import S3Error
from minio.retention import Retention

from xinqiao_local.radosgw import RadosGateway

SCAN = b"%PDF-1.7 " + bytes(6_000_000)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RadosGateway]:
    it = RadosGateway(tmp_path_factory.mktemp("s3"))
    it.start()
    yield it
    it.stop()
    assert not it.alive


@pytest.fixture(scope="module")
def client(gateway: RadosGateway) -> Minio:
    return Minio(
        endpoint=gateway.endpoint,
        access_key=gateway.access_key,
        secret_key=gateway.secret_key,
        secure=False,
        region="us-east-1",
    )


def test_what_is_put_is_what_is_got(client: Minio) -> None:
    client.make_bucket(bucket_name="plain")
    client.put_object(bucket_name="plain", object_name="a/scan.pdf", data=io.BytesIO(SCAN), length=len(SCAN))
    assert client.stat_object(bucket_name="plain", object_name="a/scan.pdf").size == len(SCAN)
    answer = client.get_object(bucket_name="plain", object_name="a/scan.pdf")
    assert answer.read() == SCAN
    answer.release_conn()


def test_a_locked_version_cannot_be_deleted_and_an_unlocked_one_can(client: Minio) -> None:
    client.make_bucket(bucket_name="locked", object_lock=True)
    versions = [
        client.put_object(bucket_name="locked", object_name="opinion", data=io.BytesIO(b"v"), length=1).version_id
        for _ in range(2)
    ]
    until = Retention(COMPLIANCE, datetime.now(UTC) + timedelta(days=1))
    client.set_object_retention(bucket_name="locked", object_name="opinion", config=until, version_id=versions[0])
    with pytest.raises(S3Error) as refused:
        client.remove_object(bucket_name="locked", object_name="opinion", version_id=versions[0])
    assert refused.value.code == "AccessDenied"
    client.remove_object(bucket_name="locked", object_name="opinion", version_id=versions[1])


def test_a_wrong_secret_is_refused(gateway: RadosGateway) -> None:
    wrong = Minio(endpoint=gateway.endpoint, access_key=gateway.access_key, secret_key="x" * 32, secure=False)
    with pytest.raises(S3Error):
        wrong.list_buckets()
