"""The images that a table of addresses names: fetched where they are new, many at a time.

Whatever is wrong with one address is a finding about that address. Killed anywhere and begun again,
it goes on with what is not noted yet. `preparation` calls `fetched_images`.
"""

import hashlib
import threading
from collections import Counter
from collections.abc import Callable

from dandelion_training.data.images.inspect import check
from dandelion_training.data.ingest import completed, looked_at
from dandelion_training.data.layout.fetched import Addresses, Fetched, FetchedImage
from dandelion_training.data.urls.ledger import Ledger
from dandelion_training.data.urls.table import Named, Unfit, UrlTable, by_turns, left_out
from dandelion_training.ports.web.address import Address
from dandelion_training.ports.web.download import Download
from dandelion_training.ports.web.errors import Fault

AT_ONCE = 16  # requests to all hosts


def fetched_images(
    table: UrlTable,
    ledger: Ledger,
    download: Callable[[Address], Download],
    decoding: int,
    advance: Callable[[int, int], None],
) -> Fetched:
    """What the table names. `download` raises Fault; so many images are decoded at a time, to see
    whether they can be; `advance(done, total)` is told of each.
    """
    images: list[FetchedImage] = []
    new: list[Named] = []
    for named in table.named:
        found = ledger.find(named)
        if found is None:
            new.append(named)
        else:
            images.append(FetchedImage(named.address.shown, named.label, *found))
    known, decoders = len(images), threading.Semaphore(decoding)

    def take(named: Named) -> FetchedImage | Unfit:
        shown = named.address.shown
        try:
            found = download(named.address)
            with decoders:
                unusable = looked_at(check, found.content)
            if unusable is not None:
                raise Fault("is not a usable image", unusable.reason)
        except Fault as fault:
            return left_out(shown, table.name, named.line, named.label, fault)
        sha256 = hashlib.sha256(found.content).hexdigest()
        ledger.keep(named, sha256, found)
        return FetchedImage(shown, named.label, sha256, len(found.content))

    unfit = list(table.unfit)
    for done, taken in enumerate(completed(take, by_turns(new), AT_ONCE), 1):
        if isinstance(taken, Unfit):
            unfit.append(taken)
        else:
            images.append(taken)
        advance(done, len(new))
    return Fetched(
        images=sorted(images),
        rejected=sorted((item.rejected for item in unfit), key=lambda item: item.key),
        addresses=Addresses(
            table.name,
            named=len(table.named) + len(table.unfit),
            fetched=len(images) - known,
            known=known,
            lost=dict(sorted(Counter(item.reason for item in unfit).items())),
        ),
        lines=table.lines,
    )
