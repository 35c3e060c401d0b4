"""A data folder on what may lose synced data is refused, and what goes is told."""

from pathlib import Path

import pytest

from penstock.cli.volume import MOUNTS, judge, kind_of
from penstock.errors import ConfigError

TABLE = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:20 / /proc rw - proc proc rw
30 22 0:40 / /srv rw,relatime shared:9 master:2 - nfs4 host:/export rw
31 22 0:41 / /mnt/my\040disk rw - xfs /dev/sdb rw
32 22 0:42 / /over rw - ext4 /dev/sdc rw
33 22 0:43 / /over rw - overlay overlay rw,lowerdir=/a:/b
34 33 0:44 / /over/deep rw - fuse.sshfs host: rw
"""


@pytest.fixture
def mounts(tmp_path):
    file = tmp_path / "mountinfo"
    file.write_text(TABLE)
    return file


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/var/lib/penstock", "ext4"),
        ("/srvother", "ext4"),
        ("/srv", "nfs4"),
        ("/srv/jobs", "nfs4"),
        ("/mnt/my disk/jobs", "xfs"),
        ("/over/jobs", "overlay"),
        ("/over/deep/jobs", "fuse.sshfs"),
    ],
)
def test_the_deepest_and_latest_mount_counts(mounts, path, kind):
    assert kind_of(Path(path), mounts) == kind


def test_a_link_leads_to_where_it_points(mounts, tmp_path):
    (tmp_path / "link").symlink_to("/srv/jobs")
    assert kind_of(tmp_path / "link", mounts) == "nfs4"


def test_the_kernel_tells_of_this_machine():
    if not MOUNTS.exists():
        pytest.skip("there is no /proc here")
    assert kind_of(Path("/proc/self")) == "proc"
    assert kind_of(Path("/nowhere/yet")) == kind_of(Path("/"))


def test_where_nothing_tells_nothing_is_said(tmp_path):
    assert kind_of(tmp_path, tmp_path / "none") == ""
    assert judge(tmp_path, "", any_kind=False) is None


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "f2fs", "virtiofs"])
def test_local_disks_are_taken_without_a_word(kind):
    assert judge(Path("/d"), kind, any_kind=False) is None


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "9p", "fuse", "fuse.sshfs"])
def test_networks_and_fuse_are_refused_unless_told_otherwise(kind):
    with pytest.raises(ConfigError) as told:
        judge(Path("/d"), kind, any_kind=False)
    assert str(told.value) == (
        f"--data /d is on a file system ({kind}) that may lose what it was told to"
        " sync: name a folder on a local disk, or add --any-file-system"
    )
    warning = judge(Path("/d"), kind, any_kind=True)
    assert warning == f"this file system ({kind}) may lose what it was told to sync"


def test_what_goes_by_itself_is_told():
    assert "goes with it: mount a volume" in str(
        judge(Path("/d"), "overlay", any_kind=False)
    )
    assert "in memory" in str(judge(Path("/d"), "tmpfs", any_kind=False))
