"""The data sets as published: their files with size and sha256, their addresses and their licences."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from data.errors import DataError

PartName = Literal["train", "validation", "test"]
Judge = Literal["validation", "test"]  # the part that judges a network trained on the set
Variant = Literal["mini", "full"]  # the embedded part of a set; the official files, or all there is


@dataclass(frozen=True)
class File:
    """A file with known content: size in bytes, sha256 in hexadecimal."""

    name: str
    size: int
    sha256: str
    unpacked: "File | None" = None  # what a gzipped file holds

    @property
    def names(self) -> tuple[str, ...]:
        """What the file can be called: its own name, and those that programs give to what they unpack from it."""
        if self.unpacked is None:
            return (self.name,)
        return (self.name, self.unpacked.name, re.sub(r"-(idx\d)", r".\1", self.unpacked.name))


@dataclass(frozen=True)
class ImageSet:
    """An image set: the official files and the part of them that comes with Gradlab."""

    name: str
    title: str
    classes: tuple[str, ...]
    folder: str  # the folder of the official files, below place.home()
    shards: tuple[tuple[File, ...], ...]  # the training pool in order; the files of a shard are read together
    shard_rows: int
    test: tuple[File, ...]
    test_rows: int
    url: str  # the address of the folder to download from
    archive: File | None  # the archive to download, if not single files
    embedded: File
    embedded_train: int
    embedded_test: int
    page: str
    licence: str
    others: tuple[str, ...] = ()  # names of other versions of the set, which cannot be used

    judge: ClassVar[Judge] = "test"
    all_embedded: ClassVar[bool] = False
    random_split: ClassVar[bool] = False  # does the preset's seed decide which examples are for validation?

    @property
    def files(self) -> tuple[File, ...]:
        """Every official file."""
        return tuple(file for shard in self.shards for file in shard) + self.test

    @property
    def pool_rows(self) -> int:
        """Number of rows of the official training pool, which a split divides into train and validation."""
        return len(self.shards) * self.shard_rows

    @property
    def download_size(self) -> int:
        """Number of bytes of a complete download."""
        return self.archive.size if self.archive else sum(file.size for file in self.files)

    @property
    def remedy(self) -> str:
        """What to do about a damaged official file."""
        return f"delete it and run `gradlab data fetch {self.name}`"


@dataclass(frozen=True)
class NameSet:
    """A set of names. All of them come with Gradlab."""

    name: str
    title: str
    classes: tuple[str, ...]
    folder: str  # the folder of the published files, below place.home(), if the user has them
    count: int
    embedded: File
    page: str
    licence: str

    judge: ClassVar[Judge] = "validation"  # there is no test part
    all_embedded: ClassVar[bool] = True
    random_split: ClassVar[bool] = True

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the published files: one for each class."""
        return tuple(f"{name}.txt" for name in self.classes)


def _cifar_batch(name: str, sha256: str) -> tuple[File]:
    return (File(name, 30_730_000, sha256),)


CIFAR10 = ImageSet(
    name="cifar10",
    title="CIFAR-10",
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    folder="cifar-10-batches-bin",
    shards=(
        _cifar_batch("data_batch_1.bin", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"),
        _cifar_batch("data_batch_2.bin", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"),
        _cifar_batch("data_batch_3.bin", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"),
        _cifar_batch("data_batch_4.bin", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"),
        _cifar_batch("data_batch_5.bin", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"),
    ),
    shard_rows=10_000,
    test=_cifar_batch("test_batch.bin", "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"),
    test_rows=10_000,
    url="https://www.cs.toronto.edu/~kriz",
    archive=File(
        "cifar-10-binary.tar.gz",
        170_052_171,
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    ),
    embedded=File("cifar10.npz", 9_362_497, "217f194d12b8a80a0535bb10fa4f2f847108455a016d103025c40a22f4691f0f"),
    embedded_train=4_000,
    embedded_test=1_000,
    page="https://www.cs.toronto.edu/~kriz/cifar.html",
    licence="no licence stated; cite Krizhevsky (2009)",
    others=("cifar-10-batches-py", "cifar-10-python.tar.gz", "cifar-10-batches-mat", "cifar-10-matlab.tar.gz"),
)

MNIST = ImageSet(
    name="mnist",
    title="MNIST",
    classes=tuple("0123456789"),
    folder="mnist",
    shards=(
        (
            File(
                "train-images-idx3-ubyte.gz",
                9_912_422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                File(
                    "train-images-idx3-ubyte",
                    47_040_016,
                    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                ),
            ),
            File(
                "train-labels-idx1-ubyte.gz",
                28_881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                File(
                    "train-labels-idx1-ubyte",
                    60_008,
                    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                ),
            ),
        ),
    ),
    shard_rows=60_000,
    test=(
        File(
            "t10k-images-idx3-ubyte.gz",
            1_648_877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            File(
                "t10k-images-idx3-ubyte", 7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
            ),
        ),
        File(
            "t10k-labels-idx1-ubyte.gz",
            4_542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            File("t10k-labels-idx1-ubyte", 10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
        ),
    ),
    test_rows=10_000,
    url="https://ossci-datasets.s3.amazonaws.com/mnist",
    archive=None,
    embedded=File("mnist.npz", 1_980_611, "94d0b46a66b91171b12c329336ae1915551e0535efbe177e6e4f949cfdfc38a0"),
    embedded_train=10_000,
    embedded_test=2_000,
    page="http://yann.lecun.com/exdb/mnist/",
    licence="CC BY-SA 3.0",
)

NATIONALITIES = (
    "Arabic", "Chinese", "Czech", "Dutch", "English", "French", "German", "Greek", "Irish",
    "Italian", "Japanese", "Korean", "Polish", "Portuguese", "Russian", "Scottish", "Spanish", "Vietnamese",
)  # fmt: skip

SURNAMES = NameSet(
    name="surnames",
    title="Surnames",
    classes=NATIONALITIES,
    folder="names",
    count=20_074,
    embedded=File("surnames.tsv", 320_248, "51e02e8145757911b5d9cd09f688d6512b39ad85d80bf354bc59cf3e70fbae5b"),
    page="https://github.com/spro/practical-pytorch",
    licence="MIT, (c) 2017 Sean Robertson",
)

IMAGE_SETS = {source.name: source for source in (MNIST, CIFAR10)}
NAME_SETS = {SURNAMES.name: SURNAMES}
SETS: dict[str, ImageSet | NameSet] = {**NAME_SETS, **IMAGE_SETS}
if TYPE_CHECKING:  # mypy wants the names of a Literal written out
    SetName = str
else:
    SetName = Literal[tuple(sorted(SETS))]


def judge_of(name: str) -> Judge:
    """The part that judges a network that has learned the set of that name: its test part. Surnames have none; for
    them it is the validation part."""
    return SETS[name].judge


def image_set(name: str) -> ImageSet:
    """The image set of that name. Raises DataError, with the known names, if there is none."""
    if name not in IMAGE_SETS:
        raise DataError(f"there is no image set {name!r}; there are {' and '.join(IMAGE_SETS)}")
    return IMAGE_SETS[name]
