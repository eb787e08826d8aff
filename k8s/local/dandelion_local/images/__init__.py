"""Builds the images that are missing or changed and puts them where the node finds them.

An image is known by a hash of all that goes into it; the hash of what was last pushed lies in the
cache, so an unchanged image costs a few file reads. Called by `up` for the node's own images and
by `images` for the project's.
"""

import contextlib
import hashlib
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dandelion_local import packages, places, tools
from dandelion_local.commands import Command, SetupError, output
from dandelion_local.images import buildah, catalogue, registry, rootfs
from dandelion_local.images.catalogue import Image
from dandelion_local.images.contexts import context_files, hash_files
from dandelion_local.locks import exclusively
from dandelion_local.node import lifecycle
from dandelion_local.progress import Step

PULL_LIMIT = 300.0


def key(image: Image) -> str:
    """The hash of everything that decides what the image holds."""
    digest = hashlib.sha256()
    parts = [image.reference, *image.instructions]
    if image.base:
        parts.append(key(catalogue.named(image.base)))
    if image.made:
        parts.append(rootfs.recipe(image.made))
    parts += [tools.path(binary).parent.name for binary in image.binaries]
    if image.folder is not None:
        if not (image.folder / "Dockerfile").exists():
            raise SetupError(
                f"there is no {image.folder / 'Dockerfile'} to build {image.name} from"
            )
        # Named by itself: a .dockerignore may leave the Dockerfile out of the context it describes.
        files = {"Dockerfile", *context_files(image.folder)}
        parts.append(hash_files(image.folder, sorted(files)))
    parts += [f"{name} {hash_files(each, context_files(each))}" for name, each in image.contexts]
    for part in parts:
        digest.update(f"{part}\n".encode())
    return digest.hexdigest()[:16]


def record(image: Image) -> Path:
    return places.cache() / "images" / f"{image.name}.json"


def known(image: Image) -> dict[str, str | None]:
    """The key of what was built last, and the digest it was pushed under, if it was."""
    try:
        found: dict[str, str | None] = json.loads(record(image).read_text())
    except (OSError, ValueError):
        return {}
    return found


def _remember(image: Image, content: str, digest: str | None) -> None:
    record(image).parent.mkdir(parents=True, exist_ok=True)
    record(image).write_text(json.dumps({"key": content, "digest": digest}) + "\n")


def is_built(image: Image) -> bool:
    """Whether exactly this content lies ready to be pushed. A base that is made anew has other
    bytes, and every image upon it would be built anew too."""
    return known(image).get("key") == key(image) and buildah.holds(image.reference)


def is_current(image: Image) -> bool:
    """Whether the registry holds exactly this content already."""
    found = registry.digest(image.reference)
    return found is not None and known(image) == {"key": key(image), "digest": found}


def ensure(images: Sequence[Image]) -> None:
    """Builds and pushes what is not current, bases first, and drops stale copies on the node."""
    wanted = catalogue.with_bases(tuple(images))
    tools.ensure(tools.holding(name for image in wanted for name in image.binaries))
    todo = [image for image in wanted if not is_current(image)]
    for base in {image.base: catalogue.named(image.base) for image in todo if image.base}.values():
        if base not in todo and not buildah.holds(base.reference):
            record(base).unlink(missing_ok=True)
            todo.insert(0, base)
    for number, image in enumerate(todo, start=1):
        with exclusively(f"image-{image.name}"):
            if not is_current(image):
                _publish(image, f"{number} of {len(todo)}")
    for image in todo:
        if image.large:
            prefetch(image)
    drop_stale()


@contextmanager
def built_ahead(images: Sequence[Image]) -> Iterator[None]:
    """Builds images beside whatever the block does, for the time that the compiler takes.

    An image's packages have to arrive, a compiler has to compute. `ensure` finds the layers made
    here and pushes them. A build that fails here fails there again, and is reported there.
    """
    packages.ensure()
    left = threading.Event()
    builder = threading.Thread(target=_build_ahead, args=(images, left))
    builder.start()
    try:
        yield
    except BaseException:
        left.set()
        raise
    finally:
        builder.join()


def _build_ahead(images: Sequence[Image], left: threading.Event) -> None:
    todo = [image for image in catalogue.with_bases(tuple(images)) if not image.binaries]
    with contextlib.suppress(SetupError):
        for image in todo:
            if left.is_set():
                return
            with exclusively(f"image-{image.name}"):
                if not is_built(image):
                    _build(image, "meanwhile")


def _publish(image: Image, position: str) -> None:
    if not is_built(image):
        _build(image, position)
    with Step(f"push {image.name}", expected=max(1.0, image.expected / 4)):
        buildah.push(image.reference, registry.address(image.reference), image.name)
    found = registry.digest(image.reference)
    if found is None:
        raise SetupError(f"{image.reference} did not arrive in the registry; see `logs registry`")
    _remember(image, key(image), found)


def _build(image: Image, position: str) -> None:
    content = key(image)
    with _workspace() as workspace:
        if image.folder is None:
            context, arguments = _made_context(image, workspace), {}
        else:
            context, arguments = image.folder, {"GIT_REVISION": revision()}
        others = [(name, _copied(each, workspace / name)) for name, each in image.contexts]
        with Step(f"build image {image.name} ({position})", image.expected) as step:
            buildah.build(image.reference, context, others, arguments, image.name, step)
    _remember(image, content, None)


def _copied(folder: Path, copy: Path) -> Path:
    """A context as its .dockerignore leaves it, which buildah reads in the first context alone."""
    for name in context_files(folder):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / name, copy / name)
    return copy


def _made_context(image: Image, workspace: Path) -> Path:
    """A context whose Dockerfile adds a file system that was made here."""
    root, context = workspace / "root", workspace / "context"
    root.mkdir()
    context.mkdir()
    if image.made:
        rootfs.MAKERS[image.made](root)
    else:
        rootfs.programs(root, tuple(tools.path(binary) for binary in image.binaries))
    output(["tar", "-C", root, "--exclude=./dev/*", "-cf", context / "root.tar", "."], timeout=300)
    lines = ["FROM scratch", "ADD root.tar /", *image.instructions]
    (context / "Dockerfile").write_text("\n".join(lines) + "\n")
    return context


@contextmanager
def _workspace() -> Iterator[Path]:
    base = places.cache() / "work"
    base.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=base))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def revision() -> str:
    """The commit that is checked out, marked where the tree differs from it."""
    git: Command = ["git", "-C", places.REPOSITORY]
    found = output([*git, "rev-parse", "HEAD"], check=False).strip()
    if not found:
        return "unknown"
    return found + ("-dirty" if output([*git, "status", "--porcelain"], check=False) else "")


def stale(listing: str, current: dict[str, str | None]) -> list[str]:
    """Names in ``ctr images ls`` whose content is an older one than the registry's.

    One image has several names there: its tag, its digest, its id. They share the third column,
    the digest; all go where the tag's no longer is what the registry has.
    """
    rows = [fields for fields in map(str.split, listing.splitlines()[1:]) if len(fields) > 2]
    old = {row[2] for row in rows if row[0] in current and current[row[0]] not in (None, row[2])}
    return [row[0] for row in rows if row[2] in old]


def drop_stale() -> None:
    """A tag that was pushed anew must be pulled anew, though pods say IfNotPresent."""
    if lifecycle.running() is None:
        return
    containerd = ["ctr", "--namespace", "k8s.io", "images"]
    current = {image.reference: registry.digest(image.reference) for image in catalogue.IMAGES}
    names = stale(lifecycle.inside(*containerd, "ls"), current)
    if names:
        lifecycle.inside(*containerd, "rm", *names)


def prefetch(image: Image) -> None:
    """Has the node pull an image now: gigabytes take a minute, better here than in a first run.

    By its digest, while the older one under the same tag is still there: what they share stays.
    Only a pod makes a node pull. This one's command exists in no image, so it ends at once.
    """
    name = f"prefetch-{image.name}"
    reference = f"{image.reference.rpartition(':')[0]}@{registry.digest(image.reference)}"
    container = {
        "name": name,
        "image": reference,
        "command": ["/only-to-pull-the-image"],
        "resources": {"requests": {"cpu": "20m"}},
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"restartPolicy": "Never", "containers": [container]},
    }
    query = ["get", "pod", name, "-o", "jsonpath={.status.containerStatuses[0].state}"]
    with Step(f"pull {image.name} onto the node", expected=max(2.0, image.expected / 4)) as step:
        lifecycle.kubectl("delete", "pod", name, "--ignore-not-found", "--now")
        lifecycle.kubectl("create", "-f", "-", stdin=json.dumps(pod))
        deadline = time.monotonic() + PULL_LIMIT
        while "terminated" not in (said := lifecycle.kubectl(*query)):
            if "ImagePull" in said:
                raise SetupError(f"the node cannot pull {reference}: {said}")
            if time.monotonic() > deadline:
                step.figure = "not finished: the first pod that needs it will wait for it"
                break
            time.sleep(0.2)
        lifecycle.kubectl("delete", "pod", name, "--now", "--wait=false")


def report(images: Sequence[Image]) -> None:
    """``reference@digest`` a line on standard output, for whoever wants to pin what was built."""
    for image in images:
        print(f"{image.name}={image.reference}@{registry.digest(image.reference)}")
