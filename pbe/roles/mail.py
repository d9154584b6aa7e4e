"""The mail server of the platform, for tenants that have none of their own."""

from pbe.mail.mailer import FolderMailer, Mailer, NoMailer
from pbe.mail.smtp import SmtpMailer, parse_url
from pbe.net.outbound import Outbound
from pbe.roles.config import Config
from pbe.roles.tools import Tools


def mailer(config: Config, tools: Tools) -> Mailer:
    """The server that `--smtp-url` names; without one a folder in all-in-one, else a refusal."""
    if config.smtp_url:
        outbound = Outbound(tools.reactor, allow_private=True)
        server = parse_url(config.smtp_url)
        return SmtpMailer(server, outbound.endpoint, outbound.starttls, tools.reactor, tools.now, tools.random_bytes)
    if config.mode == "all-in-one":
        return FolderMailer(str(config.dir / "mail"), tools.now, tools.random_bytes)
    return NoMailer()
