"""The command line: ``PYTHONPATH=k8s/local python3 -m dandelion_local COMMAND``."""

import argparse
import sys

from dandelion_local import cluster, images, packages, places, tools
from dandelion_local.commands import SetupError, tail
from dandelion_local.images import catalogue
from dandelion_local.progress import say


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="dandelion_local", description="A local Kubernetes.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text)

    command("up", "start the cluster; does nothing where it is up")
    command("down", "stop the cluster and remove every trace of it but the caches")
    command("env", "print the shell lines that make kubectl and helm use the cluster")
    wanted = command("tools", "build missing programs; print NAME=PATH lines")
    wanted.add_argument("names", nargs="*", metavar="NAME", help="all but the rare ones if none")
    wanted = command("packages", "install missing Debian packages")
    wanted.add_argument("names", nargs="*", metavar="EXTRA", help="chromium")
    wanted = command("images", "build and push images that are missing or changed")
    wanted.add_argument("names", nargs="*", metavar="NAME", help="all of the project's if none")
    wanted = command("logs", "show the end of the logs of the node's programs")
    wanted.add_argument("names", nargs="*", metavar="PROGRAM")
    wanted.add_argument("--lines", type=int, default=20)
    return top


def show_logs(names: list[str], lines: int) -> None:
    found = sorted(places.logs().glob("*.log"))
    if not found:
        raise SetupError(f"there are no logs in {places.logs()}; is the node up?")
    known = {log.stem for log in found}
    if unknown := set(names) - known:
        raise SetupError(f"no log of {', '.join(unknown)}; there are: {', '.join(sorted(known))}")
    for log in found:
        if not names or log.stem in names:
            print(f"{log.stem} ({log})\n{tail(log, lines)}")


def run(arguments: argparse.Namespace) -> None:
    match arguments.command:
        case "up":
            cluster.up()
            if cluster.chosen() is cluster.Kind.LOCAL:
                say(f"the local node is up; export KUBECONFIG={places.kubeconfig()}")
        case "down":
            cluster.down()
        case "env":
            print(cluster.environment())
        case "tools":
            chosen = [tools.named(name) for name in arguments.names] or tools.default_set()
            tools.ensure(chosen)
            tools.report(chosen)
        case "packages":
            packages.ensure(arguments.names)
        case "images":
            named = tuple(catalogue.named(name) for name in arguments.names)
            wanted = named or catalogue.PROJECT_IMAGES
            cluster.ensure_images(wanted)
            if cluster.chosen() is cluster.Kind.LOCAL:
                images.report(wanted)
        case "logs":
            show_logs(arguments.names, arguments.lines)


def main() -> int:
    try:
        run(parser().parse_args())
    except SetupError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
