"""What the log asks of a folder and of a disk, the real ones and the simulated have."""

from random import Random

import pytest

from penstock.log.file import Disk, Folder
from penstock.log.file.disk import Disk as RealDisk
from penstock.log.file.folder import FileFolder
from penstock.testing import ManualClock
from penstock.testing.sim_disk import SimDisk
from penstock.testing.sim_folder import SimFolder
from penstock.testing.sim_machine import SimMachine


def methods_of(kind):
    return {name for name in vars(kind) if not name.startswith("_")}


@pytest.mark.parametrize("kind", [FileFolder, SimFolder])
def test_a_folder_has_every_method_of_the_interface(kind):
    assert methods_of(Folder) - set(dir(kind)) == set()


@pytest.mark.parametrize("kind", [RealDisk, SimDisk])
def test_a_disk_has_every_method_of_the_interface(kind):
    assert methods_of(Disk) - set(dir(kind)) == set()


def test_the_types_of_both_agree(tmp_path):
    machine = SimMachine(Random(1), ManualClock())
    folders: list[Folder] = [FileFolder(tmp_path), SimFolder(machine)]
    disks: list[Disk] = [RealDisk(tmp_path), SimDisk(machine, 0)]
    assert [len(folder.names()) for folder in folders] == [0, 0]
    for disk in disks:
        disk.close()
