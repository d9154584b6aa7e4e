"""Rows of a query as JSON, written straight from SQLite's statements; `rowjson_twin.py` is the specification.

There is one SQLite in the process, apsw's own, and it exports no symbols. This module is therefore also a loadable
extension of SQLite: `load(connection)` has SQLite call `sqlite3_rowjson_init` with its table of function pointers. The
table only ever grows at its end, so the few slots in use are declared by their position (sqlite3ext.h), and checked at
the load: the slot of the version must answer the version that the connection's SQL tells.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport int64_t, uint8_t, uintptr_t
from libc.string cimport memchr

from pbe._fast._jsonbuffer cimport Buffer
from pbe._fast._jsoncheck cimport is_date_text, is_json_text

from pbe._fast.rowjson_twin import Failure

cdef extern from *:
    """
    #include <stdint.h>
    #if defined(_WIN32)
    #define PBE_EXPORT __declspec(dllexport)
    #else
    #define PBE_EXPORT __attribute__((visibility("default")))
    #endif
    static void **pbe_api = 0;
    PBE_EXPORT int sqlite3_rowjson_init(void *db, char **error, const void *api);
    PBE_EXPORT int sqlite3_rowjson_init(void *db, char **error, const void *api) {
        (void)db; (void)error;
        pbe_api = (void **)api;
        return 256; /* SQLITE_OK_LOAD_PERMANENTLY */
    }
    #define pbe_bind_blob     ((int (*)(void *, int, const void *, int, void *))pbe_api[2])
    #define pbe_bind_double   ((int (*)(void *, int, double))pbe_api[3])
    #define pbe_bind_int64    ((int (*)(void *, int, int64_t))pbe_api[5])
    #define pbe_bind_null     ((int (*)(void *, int))pbe_api[6])
    #define pbe_bind_count    ((int (*)(void *))pbe_api[7])
    #define pbe_bind_text     ((int (*)(void *, int, const char *, int, void *))pbe_api[10])
    #define pbe_column_blob   ((const void *(*)(void *, int))pbe_api[19])
    #define pbe_column_bytes  ((int (*)(void *, int))pbe_api[20])
    #define pbe_column_count  ((int (*)(void *))pbe_api[22])
    #define pbe_column_double ((double (*)(void *, int))pbe_api[27])
    #define pbe_column_int64  ((int64_t (*)(void *, int))pbe_api[29])
    #define pbe_column_text   ((const unsigned char *(*)(void *, int))pbe_api[36])
    #define pbe_column_type   ((int (*)(void *, int))pbe_api[38])
    #define pbe_errmsg        ((const char *(*)(void *))pbe_api[53])
    #define pbe_finalize      ((int (*)(void *))pbe_api[57])
    #define pbe_libversion    ((const char *(*)(void))pbe_api[66])
    #define pbe_reset         ((int (*)(void *))pbe_api[77])
    #define pbe_step          ((int (*)(void *))pbe_api[94])
    #define pbe_extended      ((int (*)(void *))pbe_api[166])
    #define pbe_prepare       ((int (*)(void *, const char *, int, unsigned, void **, const char **))pbe_api[217])
    """
    void** pbe_api
    int pbe_bind_blob(void*, int, const void*, int, void*) nogil
    int pbe_bind_double(void*, int, double) nogil
    int pbe_bind_int64(void*, int, int64_t) nogil
    int pbe_bind_null(void*, int) nogil
    int pbe_bind_count(void*) nogil
    int pbe_bind_text(void*, int, const char*, int, void*) nogil
    const void* pbe_column_blob(void*, int) nogil
    int pbe_column_bytes(void*, int) nogil
    int pbe_column_count(void*) nogil
    double pbe_column_double(void*, int) nogil
    int64_t pbe_column_int64(void*, int) nogil
    const uint8_t* pbe_column_text(void*, int) nogil
    int pbe_column_type(void*, int) nogil
    const char* pbe_errmsg(void*) nogil
    int pbe_finalize(void*) nogil
    const char* pbe_libversion() nogil
    int pbe_reset(void*) nogil
    int pbe_step(void*) nogil
    int pbe_extended(void*) nogil
    int pbe_prepare(void*, const char*, int, unsigned, void**, const char**) nogil

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL

TEXT, NUMBER, BOOL, JSON, LIST, DATE, POINT, WORD, SKIP = range(9)
NO_GUARD = -1
cdef enum:
    K_TEXT, K_NUMBER, K_BOOL, K_JSON, K_LIST, K_DATE, K_POINT, K_WORD, K_SKIP
cdef enum:
    T_INTEGER = 1, T_FLOAT = 2, T_TEXT = 3, T_BLOB = 4, T_NULL = 5
cdef enum:
    S_ROW = 100, S_DONE = 101, S_MISUSE = 21
cdef enum:
    PREPARE_PERSISTENT = 1
cdef int COLUMNS_MAX = 2000


def load(connection):
    """Have the connection's SQLite hand its functions to this module; once in a process is enough."""
    connection.enable_load_extension(True)
    try:
        connection.load_extension(__file__, "sqlite3_rowjson_init")
    finally:
        connection.enable_load_extension(False)
    version = connection.execute("SELECT sqlite_version()").fetchall()[0][0].encode()
    if pbe_api == NULL or <bytes>pbe_libversion() != version:
        raise ImportError("SQLite's table of functions is not the one this module knows")


cdef class Plan:
    """See the twin."""

    cdef bytes prefix
    cdef bytes suffix
    cdef list keys
    cdef object fallback
    cdef int count
    cdef int* kinds
    cdef int* guards

    def __cinit__(self, bytes prefix, tuple columns, bytes suffix, fallback):
        if len(columns) > COLUMNS_MAX:
            raise ValueError("too many columns")
        self.prefix = prefix
        self.suffix = suffix
        self.fallback = fallback
        self.count = <int>len(columns)
        self.keys = []
        self.kinds = <int*>PyMem_Malloc((self.count + 1) * sizeof(int))
        self.guards = <int*>PyMem_Malloc((self.count + 1) * sizeof(int))
        if self.kinds == NULL or self.guards == NULL:
            raise MemoryError()
        cdef int index = 0
        cdef int kind, guard
        cdef bytes key
        for key, kind, guard in columns:
            if not K_TEXT <= kind <= K_SKIP or not -1 <= guard < self.count:
                raise ValueError("no such kind or guard")
            self.keys.append(key)
            self.kinds[index] = kind
            self.guards[index] = guard
            index += 1

    def __dealloc__(self):
        PyMem_Free(self.kinds)
        PyMem_Free(self.guards)


cdef class Statement:
    """One prepared statement; finalized when it dies."""

    cdef void* stmt

    def __dealloc__(self):
        self.finalize()

    cdef int finalize(self) except -1:
        if self.stmt != NULL:
            pbe_finalize(self.stmt)
            self.stmt = NULL
        return 0


cdef class Rows:
    """See the twin. Statements are kept, `statements_max` of them, until `close`."""

    # Fields die in this order: the statements have to go before their connection.
    cdef dict statements
    cdef object connection
    cdef void* db
    cdef int statements_max
    cdef Buffer out

    def __cinit__(self, connection, int statements_max):
        if pbe_api == NULL:
            raise ImportError("load() was not called")
        self.connection = connection
        self.db = <void*><uintptr_t>connection.sqlite3_pointer()
        self.statements = {}
        self.statements_max = statements_max
        self.out = Buffer()

    def close(self):
        """Finalize the statements."""
        cdef Statement statement
        for statement in self.statements.values():
            statement.finalize()
        self.statements.clear()
        self.db = NULL
        self.connection = None

    def query(self, str sql, params, Plan plan not None, bint release=False):
        """All rows with commas between them, and how many they are."""
        cdef Statement statement = self.prepared(sql, plan)
        cdef Py_ssize_t rows = 0
        self.out.size = 0
        try:
            self.bind(statement.stmt, params)
            while self.step(statement.stmt, release):
                if rows:
                    self.out.put_char(b","[0])
                self.put_row(statement.stmt, plan)
                rows += 1
        finally:
            pbe_reset(statement.stmt)
        return self.out.taken(), rows

    def apart(self, str sql, params, Plan plan not None, tuple captured, bint release=False):
        """Each row beside the values of some of its columns."""
        cdef Statement statement = self.prepared(sql, plan)
        cdef list out = []
        for index in captured:
            if not 0 <= index < plan.count:
                raise IndexError(index)
        try:
            self.bind(statement.stmt, params)
            while self.step(statement.stmt, release):
                self.out.size = 0
                self.put_row(statement.stmt, plan)
                values = tuple([self.value(statement.stmt, index) for index in captured])
                out.append((self.out.taken(), values))
        finally:
            pbe_reset(statement.stmt)
        return out

    def each(self, str sql, list keys, Plan plan not None, bint release=False):
        """For each key its first row, or None."""
        cdef Statement statement = self.prepared(sql, plan)
        cdef list out = []
        try:
            for key in keys:
                self.bind(statement.stmt, (key,))
                if self.step(statement.stmt, release):
                    self.out.size = 0
                    self.put_row(statement.stmt, plan)
                    out.append(self.out.taken())
                else:
                    out.append(None)
                pbe_reset(statement.stmt)
        finally:
            pbe_reset(statement.stmt)
        return out

    cdef int fail(self, int code) except -1:
        raise Failure(code, (<bytes>pbe_errmsg(self.db)).decode("utf-8", "replace"))

    cdef Statement prepared(self, str sql, Plan plan):
        """The statement of the text, with as many columns as the plan."""
        if self.db == NULL:
            raise Failure(S_MISUSE, "the rows are closed")
        cdef Statement statement = self.statements.get(sql)
        cdef Py_ssize_t size = 0
        cdef const char* text
        cdef int code
        if statement is None:
            text = PyUnicode_AsUTF8AndSize(sql, &size)
            statement = Statement()
            code = pbe_prepare(self.db, text, <int>size, PREPARE_PERSISTENT, &statement.stmt, NULL)
            if code != 0:
                self.fail(pbe_extended(self.db))
            if statement.stmt == NULL:
                raise Failure(1, "no statement")
            while len(self.statements) >= self.statements_max:
                del self.statements[next(iter(self.statements))]
            self.statements[sql] = statement
        if pbe_column_count(statement.stmt) != plan.count:
            raise Failure(1, f"the plan has {plan.count} columns, the query {pbe_column_count(statement.stmt)}")
        return statement

    cdef int bind(self, void* stmt, object params) except -1:
        """Bind; texts and bytes stay the caller's, who holds `params` until the statement is reset."""
        cdef int index = 0
        cdef int code
        cdef Py_ssize_t size = 0
        cdef const char* text
        if pbe_bind_count(stmt) != len(params):
            raise Failure(1, f"the statement has {pbe_bind_count(stmt)} parameters, given {len(params)}")
        for value in params:
            index += 1
            if isinstance(value, str):
                text = PyUnicode_AsUTF8AndSize(value, &size)
                code = pbe_bind_text(stmt, index, text, <int>size, NULL)
            elif value is None:
                code = pbe_bind_null(stmt, index)
            elif isinstance(value, int):
                code = pbe_bind_int64(stmt, index, value)
            elif isinstance(value, float):
                code = pbe_bind_double(stmt, index, value)
            elif isinstance(value, bytes):
                code = pbe_bind_blob(
                    stmt, index, PyBytes_AS_STRING(value), <int>PyBytes_GET_SIZE(value), NULL
                )
            else:
                raise TypeError(f"cannot bind {type(value).__name__}")
            if code != 0:
                self.fail(pbe_extended(self.db))
        return 0

    cdef bint step(self, void* stmt, bint release) except -1:
        """Whether there is a row. Without `release` no other thread runs: for the reactor, under its own deadline."""
        cdef int code
        if release:
            with nogil:
                code = pbe_step(stmt)
        else:
            code = pbe_step(stmt)
        if code == S_ROW:
            return True
        if code == S_DONE:
            return False
        self.fail(pbe_extended(self.db))

    cdef object value(self, void* stmt, int index):
        """A column's value as Python knows it; text that is no UTF-8 with replacement characters."""
        cdef int kind = pbe_column_type(stmt, index)
        cdef const char* text
        if kind == T_INTEGER:
            return pbe_column_int64(stmt, index)
        if kind == T_FLOAT:
            return pbe_column_double(stmt, index)
        if kind == T_NULL:
            return None
        if kind == T_TEXT:
            text = <const char*>pbe_column_text(stmt, index)
            return text[: pbe_column_bytes(stmt, index)].decode("utf-8", "replace")
        text = <const char*>pbe_column_blob(stmt, index)
        return b"" if text == NULL else <bytes>text[: pbe_column_bytes(stmt, index)]

    cdef int put_row(self, void* stmt, Plan plan) except -1:
        cdef int index
        cdef int guard
        self.out.put_bytes(plan.prefix)
        for index in range(plan.count):
            if plan.kinds[index] == K_SKIP:
                continue
            guard = plan.guards[index]
            if guard >= 0 and not (pbe_column_type(stmt, guard) == T_INTEGER and pbe_column_int64(stmt, guard)):
                continue
            if not self.out.size or self.out.data[self.out.size - 1] != b"{"[0]:
                self.out.put_char(b","[0])
            self.out.put_bytes(<bytes>plan.keys[index])
            if not self.put_column(stmt, index, plan.kinds[index]):
                self.out.put_bytes(<bytes?>plan.fallback(index, self.value(stmt, index)))
        self.out.put_bytes(plan.suffix)
        return 0

    cdef bint put_column(self, void* stmt, int index, int kind) except -1:
        """Whether the column was of a shape that its kind knows, and was written."""
        cdef int held = pbe_column_type(stmt, index)
        cdef int64_t integer
        cdef const uint8_t* text
        cdef Py_ssize_t size
        if kind == K_NUMBER:
            if held == T_INTEGER:
                return self.out.put_number(pbe_column_int64(stmt, index))
            return held == T_FLOAT and self.out.put_double(pbe_column_double(stmt, index))
        if kind == K_BOOL:
            if held != T_INTEGER:
                return False
            integer = pbe_column_int64(stmt, index)
            if integer == 0:
                self.out.put(b"false", 5)
            elif integer == 1:
                self.out.put(b"true", 4)
            return 0 <= integer <= 1
        if kind == K_JSON and held == T_NULL:
            self.out.put(b"null", 4)
            return True
        if held != T_TEXT:
            return False
        text = pbe_column_text(stmt, index)
        size = pbe_column_bytes(stmt, index)
        if text == NULL:
            raise MemoryError()
        if kind == K_TEXT:
            return self.out.put_text(text, size)
        if kind == K_WORD:
            return memchr(text, b"["[0], size) == NULL and self.out.put_text(text, size)
        if kind == K_DATE:
            if size and not is_date_text(text, size):
                return False
            self.out.put_char(b'"'[0])
            self.out.put(<const char*>text, size)
            self.out.put_char(b'"'[0])
            return True
        if kind == K_LIST and size == 0:
            self.out.put(b"[]", 2)
            return True
        if not is_json_text(text, size, 1 if kind == K_LIST else 2 if kind == K_POINT else 0):
            return False
        self.out.put(<const char*>text, size)
        return True
