"""The scripts by which bash and zsh complete: click's own, which ask the command at each Tab."""

from collections.abc import Callable

from click.shell_completion import BashComplete, ShellComplete, ZshComplete

from edge_agent.cli import main


def _script(kind: type[ShellComplete]) -> Callable[[], str]:
    def made() -> str:
        # Not by source(), which would ask which bash is here.
        shell = kind(main, {}, "edge-agent", "_EDGE_AGENT_COMPLETE")
        return (shell.source_template % shell.source_vars()).strip() + "\n"

    return made


SCRIPTS = {
    "config/share/bash-completion/completions/edge-agent": _script(BashComplete),
    "config/share/zsh/site-functions/_edge-agent": _script(ZshComplete),
}
