from pbe._fast import crc64_twin as crc64
from pbe._fast import fanout_twin as fanout
from pbe._fast import jsonbuffer_twin as jsonbuffer
from pbe._fast import jsoncheck_twin as jsoncheck
from pbe._fast import ltxfile_twin as ltxfile
from pbe._fast import lz4block_twin as lz4block
from pbe._fast import pagediff_twin as pagediff
from pbe._fast import routetable_twin as routetable
from pbe._fast import rowjson_twin as rowjson
from pbe._fast import walframe_twin as walframe

# What a stub imports under another name is only exported when it is listed.
__all__ = [
    "LEAVES",
    "crc64",
    "fanout",
    "jsonbuffer",
    "jsoncheck",
    "ltxfile",
    "lz4block",
    "pagediff",
    "routetable",
    "rowjson",
    "walframe",
]

LEAVES: tuple[str, ...]
