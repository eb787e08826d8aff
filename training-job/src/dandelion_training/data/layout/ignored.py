"""Files that lie in a dataset and are no images of it: what tools leave behind, and documents.

They are told by name alone, at any depth, and are never read. A file that claims to be an image and
is none is not meant here: it is read, and rejected with a reason.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from dandelion_training.data.wording import counted, number

# By lower-case name. A folder whose name begins with a dot is a tool's in any case.
TOOL_FOLDERS = frozenset(
    {
        "__macosx",  # macOS, in ZIP archives
        "network trash folder",
        "temporary items",
        "$recycle.bin",  # Windows
        "recycler",
        "system volume information",
        "lost+found",  # Linux file systems
        "@eadir",  # Synology
        "#recycle",
        "#snapshot",
        "@recycle",  # QNAP
        "@recently-snapshot",
        "__pycache__",  # Python
        "_temporary",  # Hadoop
    }
)
TOOL_FOLDER_SUFFIXES = (".lrdata", ".lrcat-data")  # Lightroom's previews
TOOL_FILES = frozenset(
    {
        "thumbs.db",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "desktop.ini",
        "icon\r",  # macOS, a folder's icon
        "picasa.ini",
        "zbthumbnail.info",
        "_success",  # Spark
    }
)
TOOL_PREFIXES = ("~$", "synofile_thumb_", "synoindex_")
TOOL_SUFFIXES = (
    "~",
    ".aae",  # edits of an iPhone photo
    ".crdownload",
    ".lrcat",
    ".lrprev",
    ".part",
    ".partial",
    ".pyc",
    ".thm",
    ".tmp",
    ".xmp",  # Lightroom
    "@synoeastream",
    "@synoresource",
    "_$folder$",  # Hadoop's mark of a folder
    ":zone.identifier",  # Windows, of a downloaded file
)
# Hidden files that are worth a name of their own in the count.
HIDDEN = frozenset(
    {".ds_store", ".git", ".gitignore", ".gitattributes", ".ipynb_checkpoints", ".cache"}
)

DOCUMENTS = frozenset({"authors", "changelog", "copying", "licence", "license", "notice", "readme"})
ARCHIVES = frozenset({"7z", "bz2", "gz", "rar", "tar", "tgz", "xz", "zip", "zst"})
TEXT = frozenset({"css", "htm", "html", "log", "md", "pdf", "rst", "rtf", "tex", "txt"})
OFFICE = frozenset({"doc", "docx", "odt", "ods", "ppt", "pptx", "xls", "xlsx"})
STRUCTURED = frozenset(
    {"cfg", "conf", "csv", "ini", "json", "jsonl", "ndjson", "toml", "tsv", "xml", "yaml", "yml"}
)
CODE = frozenset({"ipynb", "js", "py", "r", "sh"})
ARRAYS = frozenset({"arrow", "bin", "h5", "mat", "npy", "npz", "parquet", "pkl", "tfrecord"})
NETWORKS = frozenset({"onnx", "pt", "pth", "safetensors"})
VIDEO_AND_SOUND = frozenset({"avi", "m4v", "mkv", "mov", "mp3", "mp4", "wav", "webm"})
OTHERS = frozenset({"db", "lnk", "md5", "sha256", "sqlite", "url"})
DOCUMENT_EXTENSIONS = frozenset().union(
    ARCHIVES, TEXT, OFFICE, STRUCTURED, CODE, ARRAYS, NETWORKS, VIDEO_AND_SOUND, OTHERS
)


class Kind(NamedTuple):
    """What an ignored file is; `name` is what it is counted under."""

    name: str
    is_tool: bool


@dataclass(frozen=True)
class Ignored:
    """How many files were ignored, by kind."""

    tools: Mapping[str, int] = field(default_factory=dict)
    documents: Mapping[str, int] = field(default_factory=dict)
    unlabelled: int = 0  # images that a table of labels does not name

    def words(self) -> tuple[str, ...]:
        """A line for each sort, with the counts; no line for a sort that did not occur."""
        tools, documents = sum(self.tools.values()), sum(self.documents.values())
        lines = []
        if tools:
            lines.append(
                f"{number(tools, 'file')} of tools {_were(tools)} ignored: {counted(self.tools)}."
            )
        if documents:
            lines.append(
                f"{number(documents, 'file that is no image', 'files that are no images')}"
                f" {_were(documents)} ignored: {counted(self.documents)}."
            )
        if self.unlabelled:
            lines.append(
                f"{number(self.unlabelled, 'file')} that the table of labels does not name"
                f" {_were(self.unlabelled)} ignored."
            )
        return tuple(lines)


class Sieve:
    """Tells which names to ignore, and counts them. Sorted names are quickest: a folder is judged
    once.
    """

    def __init__(self) -> None:
        self._folder = ""
        self._of_folder: str | None = None
        self._tools: Counter[str] = Counter()
        self._documents: Counter[str] = Counter()

    def kind(self, name: str) -> Kind | None:
        """What the object is, or None where it may be an image. Counts what it recognises."""
        folder, _, file = name.rpartition("/")
        if folder != self._folder:
            kinds = map(_tool_folder, folder.split("/"))
            self._of_folder = next((kind for kind in kinds if kind is not None), None)
            self._folder = folder
        if (tool := self._of_folder or _tool_file(file)) is not None:
            self._tools[tool] += 1
            return Kind(tool, is_tool=True)
        if (document := _document(file)) is not None:
            self._documents[document] += 1
            return Kind(document, is_tool=False)
        return None

    def ignored(self, unlabelled: int = 0) -> Ignored:
        return Ignored(dict(self._tools), dict(self._documents), unlabelled)


def is_archive(name: str) -> bool:
    return name.rpartition(".")[2].lower() in ARCHIVES


def _tool_folder(part: str) -> str | None:
    lower = part.lower()
    if part.startswith("."):
        return part if lower in HIDDEN else "hidden folders"
    return part if lower in TOOL_FOLDERS or lower.endswith(TOOL_FOLDER_SUFFIXES) else None


def _tool_file(file: str) -> str | None:
    lower = file.lower()
    if lower.startswith("."):
        if lower.startswith("._"):  # macOS, what its file system knows of a file beyond its bytes
            return "._*"
        return file if lower in HIDDEN else "hidden files"
    if lower in TOOL_FILES:
        return file.strip()
    if lower.endswith(TOOL_SUFFIXES):
        return next(f"*{suffix}" for suffix in TOOL_SUFFIXES if lower.endswith(suffix))
    if lower.startswith(TOOL_PREFIXES):
        return next(f"{prefix}*" for prefix in TOOL_PREFIXES if lower.startswith(prefix))
    return None


def _document(file: str) -> str | None:
    stem, dot, extension = file.rpartition(".")
    if dot and stem and extension.lower() in DOCUMENT_EXTENSIONS:
        return f".{extension.lower()}"
    return file if file.lower() in DOCUMENTS else None


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
