"""Lets twistd find pbe."""

from twisted.application.service import ServiceMaker

pbe = ServiceMaker("pbe", "pbe.tap", "PocketBase for many: control plane, tenant node, gateway.", "pbe")
