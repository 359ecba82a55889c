#include "serve/http.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/status.h"

/* A piece of the request. */
struct span {
    const char *at;
    size_t n;
};

static bool is(struct span s, const char *word)
{
    return s.n == strlen(word) && strncasecmp(s.at, word, s.n) == 0;
}

/* Letters of a method and of a header's name (RFC 9110, 5.6.2). */
static bool is_token(struct span s)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < s.n; i++) {
        char c = s.at[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (c == '\0' || !strchr(others, c)))
            return false;
    }
    return s.n > 0;
}

static bool is_digits(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
    return s.n > 0;
}

static struct span trimmed(struct span s)
{
    while (s.n > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
        s = (struct span){s.at + 1, s.n - 1};
    while (s.n > 0 && (s.at[s.n - 1] == ' ' || s.at[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* The next word of a list between commas; false at its end. */
static bool next_item(struct span *item, struct span *list)
{
    if (list->n == 0)
        return false;
    const char *comma = memchr(list->at, ',', list->n);
    size_t n = comma ? (size_t)(comma - list->at) : list->n;
    *item = trimmed((struct span){list->at, n});
    n += comma ? 1 : 0;
    *list = (struct span){list->at + n, list->n - n};
    return true;
}

bool http_host_is_loopback(const char *host, size_t n)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t m = strlen(names[i]);
        if (n < m || strncasecmp(host, names[i], m) != 0)
            continue;
        const struct span port = {host + m + 1, n - m - 1}; /* after the colon, where there is one */
        return n == m || (host[m] == ':' && port.n <= 5 && is_digits(port));
    }
    return false;
}

bool http_matches(const char *none_match, const char *etag)
{
    struct span list = {none_match, strlen(none_match)}, item;
    while (next_item(&item, &list)) {
        if (item.n >= 2 && memcmp(item.at, "W/", 2) == 0)
            item = (struct span){item.at + 2, item.n - 2};
        if (is(item, "*") || (item.n == strlen(etag) && memcmp(item.at, etag, item.n) == 0))
            return true;
    }
    return false;
}

/* ---- a request ---- */

/* What the headers say, beyond what is kept of them. */
struct seen {
    bool old;      /* HTTP/1.0 */
    size_t hosts;  /* so many of them */
    bool local;    /* the last one is loopback */
    bool foreign;  /* a page of another site asks */
    bool cross, navigates; /* by what the browser says of it */
    bool body;
};

/* The first reason stands. */
static void refuse(struct http_request *r, int status, const char *reason)
{
    if (r->status == 200) {
        r->status = status;
        r->reason = reason;
    }
}

/* The next line, without its end, which is CRLF, or LF alone; false where there is none. */
static bool next_line(struct span *line, struct span *rest)
{
    const char *lf = rest->n ? memchr(rest->at, '\n', rest->n) : NULL;
    if (!lf)
        return false;
    size_t n = (size_t)(lf - rest->at);
    *line = (struct span){rest->at, n - (n > 0 && rest->at[n - 1] == '\r')};
    *rest = (struct span){lf + 1, rest->n - n - 1};
    return true;
}

/* Whether a line has a byte that no line may have: a control character, a CR in its middle. Bytes from 0x80 on may stand in a
 * header's value. */
static bool has_control(struct span line)
{
    for (size_t i = 0; i < line.n; i++) {
        unsigned char c = (unsigned char)line.at[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

/* "http://HOST/PATH", as a proxy is asked: its host counts. */
static void take_authority(struct http_request *r, struct seen *seen, struct span *target)
{
    static const char scheme[] = "http://";
    const size_t m = sizeof scheme - 1;
    if (target->n < m || strncasecmp(target->at, scheme, m) != 0)
        return;
    struct span rest = {target->at + m, target->n - m};
    size_t n = 0;
    while (n < rest.n && rest.at[n] != '/' && rest.at[n] != '?')
        n++;
    if (!http_host_is_loopback(rest.at, n))
        seen->foreign = true;
    *target = (struct span){rest.at + n, rest.n - n};
    if (target->n == 0)
        *target = (struct span){"/", 1};
    if (target->at[0] != '/')
        refuse(r, 400, "the target has no path");
}

static void take_target(struct http_request *r, struct seen *seen, struct span target)
{
    if (target.n > HTTP_TARGET_MAX) {
        refuse(r, 414, "the target is too long");
        return;
    }
    for (size_t i = 0; i < target.n; i++)
        if (target.at[i] <= ' ' || target.at[i] >= 0x7f) {
            refuse(r, 400, "the target has a byte that must be escaped");
            return;
        }
    take_authority(r, seen, &target);
    if (target.n == 0 || target.at[0] != '/') {
        refuse(r, 400, "the target is no path");
        return;
    }
    size_t n = 0;
    while (n < target.n && target.at[n] != '?' && target.at[n] != '#')
        n++;
    if (n >= sizeof r->path)
        n = 0;
    memcpy(r->path, target.at, n);
    r->path[n] = '\0';
}

static void take_version(struct http_request *r, struct seen *seen, struct span v)
{
    bool form = v.n == 8 && memcmp(v.at, "HTTP/", 5) == 0 && is_digits((struct span){v.at + 5, 1}) && v.at[6] == '.' &&
                is_digits((struct span){v.at + 7, 1});
    if (!form)
        refuse(r, 400, "the request line is not METHOD TARGET HTTP/1.1");
    else if (v.at[5] != '1')
        refuse(r, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    seen->old = form && v.at[7] == '0';
}

static void take_request_line(struct http_request *r, struct seen *seen, struct span line)
{
    const char *end = line.at + line.n, *a = line.n ? memchr(line.at, ' ', line.n) : NULL;
    const char *b = a && a + 1 < end ? memchr(a + 1, ' ', (size_t)(end - a - 1)) : NULL;
    const struct span method = {line.at, a ? (size_t)(a - line.at) : 0};
    if (!b || !is_token(method)) {
        refuse(r, 400, "the request line is not METHOD TARGET HTTP/1.1");
        return;
    }
    take_version(r, seen, (struct span){b + 1, (size_t)(end - b - 1)});
    r->head = method.n == 4 && memcmp(method.at, "HEAD", 4) == 0;
    if (!r->head && !(method.n == 3 && memcmp(method.at, "GET", 3) == 0))
        refuse(r, 405, "only GET and HEAD are answered");
    take_target(r, seen, (struct span){a + 1, (size_t)(b - a - 1)});
}

static void take_connection(struct http_request *r, struct seen *seen, struct span value)
{
    struct span item;
    (void)seen;
    while (next_item(&item, &value)) {
        if (is(item, "close"))
            r->keep = false;
        else if (is(item, "keep-alive") && seen->old)
            r->keep = true;
    }
}

static void take_host(struct http_request *r, struct seen *seen, struct span value)
{
    (void)r;
    seen->hosts++;
    seen->local = http_host_is_loopback(value.at, value.n);
}

static void take_length(struct http_request *r, struct seen *seen, struct span value)
{
    if (!is_digits(value) || value.n > 15)
        refuse(r, 400, "a Content-Length that is no number");
    for (size_t i = 0; i < value.n; i++)
        seen->body |= value.at[i] != '0';
}

static void take_encoding(struct http_request *r, struct seen *seen, struct span value)
{
    (void)r, (void)value;
    seen->body = true;
}

static void take_none_match(struct http_request *r, struct seen *seen, struct span value)
{
    (void)seen;
    if (value.n < sizeof r->none_match) {
        memcpy(r->none_match, value.at, value.n);
        r->none_match[value.n] = '\0';
    }
}

/* A page of this server has it on loopback as well. */
static void take_origin(struct http_request *r, struct seen *seen, struct span value)
{
    static const char scheme[] = "http://";
    const size_t m = sizeof scheme - 1;
    (void)r;
    if (value.n < m || memcmp(value.at, scheme, m) != 0 || !http_host_is_loopback(value.at + m, value.n - m))
        seen->foreign = true;
}

static void take_site(struct http_request *r, struct seen *seen, struct span value)
{
    (void)r;
    seen->cross = is(value, "cross-site") || is(value, "same-site");
}

static void take_mode(struct http_request *r, struct seen *seen, struct span value)
{
    (void)r;
    seen->navigates = is(value, "navigate");
}

static const struct {
    const char *name;
    void (*take)(struct http_request *r, struct seen *seen, struct span value);
} headers[] = {
    {"Host", take_host},
    {"Connection", take_connection},
    {"If-None-Match", take_none_match},
    {"Content-Length", take_length},
    {"Transfer-Encoding", take_encoding},
    {"Origin", take_origin},
    {"Sec-Fetch-Site", take_site},
    {"Sec-Fetch-Mode", take_mode},
};

static void take_header(struct http_request *r, struct seen *seen, struct span line)
{
    const char *colon = memchr(line.at, ':', line.n);
    const struct span name = {line.at, colon ? (size_t)(colon - line.at) : 0};
    if (!is_token(name)) {
        refuse(r, 400, "a header is not NAME: VALUE");
        return;
    }
    const struct span value = trimmed((struct span){colon + 1, line.n - name.n - 1});
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        if (is(name, headers[i].name))
            headers[i].take(r, seen, value);
}

/* What all headers together say. Who asks counts before what is asked. */
static void judge(struct http_request *r, const struct seen *seen)
{
    bool malformed = r->status == 400 || r->status == 505;
    if (malformed)
        return;
    if (seen->hosts > 1 || (seen->hosts == 0 && !seen->old)) {
        r->status = 400;
        r->reason = "one Host header is needed";
    } else if (seen->foreign || (seen->hosts && !seen->local) || (seen->cross && !seen->navigates)) {
        /* a link on another site may lead here; its scripts may not ask */
        r->status = 403;
        r->reason = "this page is for the machine that it runs on: ask for localhost or 127.0.0.1";
    } else if (seen->body) {
        refuse(r, 400, "a request here has no body");
    }
}

/* The end of the empty line after the headers; 0: it has not come. */
static size_t end_of_head(const char *bytes, size_t n)
{
    struct span rest = {bytes, n}, line;
    for (size_t lines = 0; next_line(&line, &rest); lines++)
        if (line.n == 0 && lines > 0)
            return (size_t)(rest.at - bytes);
    return 0;
}

/* Before the end has come: whether what is there can still become a request. */
static void judge_beginning(struct http_request *r, const char *bytes, size_t n, bool full)
{
    struct span line, rest = {bytes, n};
    if (full)
        refuse(r, next_line(&line, &rest) ? 431 : 414, "the request is too long");
    else if (n > 0 && !is_token((struct span){bytes, 1}))
        refuse(r, 400, "the request line is not METHOD TARGET HTTP/1.1");
    else
        return;
    r->keep = false;
}

size_t http_parse(struct http_request *r, const char *bytes, size_t n)
{
    struct seen seen = {.old = false};
    struct span line, rest;
    size_t blank = 0, used, count = 0;
    *r = (struct http_request){.status = 200, .reason = ""};
    /* empty lines before a request are passed over (RFC 9112, 2.2), two at most */
    while (blank < n && blank < 4 && (bytes[blank] == '\r' || bytes[blank] == '\n'))
        blank++;
    n = n > HTTP_REQUEST_MAX ? HTTP_REQUEST_MAX : n;
    used = end_of_head(bytes + blank, n - blank);
    if (used == 0) {
        judge_beginning(r, bytes + blank, n - blank, n >= HTTP_REQUEST_MAX);
        return 0;
    }
    rest = (struct span){bytes + blank, used};
    for (; next_line(&line, &rest) && line.n > 0; count++) {
        if (has_control(line))
            refuse(r, 400, "a control character in the request");
        else if (count == 0) {
            take_request_line(r, &seen, line);
            r->keep = !seen.old;
        } else
            take_header(r, &seen, line);
    }
    if (count > HTTP_HEADERS_MAX)
        refuse(r, 431, "too many headers");
    judge(r, &seen);
    if (r->status != 200 && r->status != 405)
        r->keep = false;
    if (seen.body)
        r->keep = false; /* what follows is no request */
    return blank + used;
}

/* ---- an answer ---- */

const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } all[] = {{200, "OK"},           {304, "Not Modified"},       {400, "Bad Request"},
               {403, "Forbidden"},    {404, "Not Found"},          {405, "Method Not Allowed"},
               {408, "Request Timeout"}, {414, "URI Too Long"},    {431, "Request Header Fields Too Large"},
               {500, "Internal Server Error"}, {503, "Service Unavailable"}, {505, "HTTP Version Not Supported"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].status == status)
            return all[i].reason;
    return "Error";
}

/* "Thu, 26 Nov 2026 21:00:00 GMT", whatever the locale. Days of a year from March on: Hinnant, "chrono-compatible low-level
 * date algorithms", civil_from_days. */
static void put_date(char *out, size_t size, long long now)
{
    static const char days[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    long long day = now / 86400, s = now % 86400, z = day + 719468, era = z / 146097, doe = z - era * 146097;
    long long yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    long long mp = (5 * doy + 2) / 153, month = mp < 10 ? mp + 2 : mp - 10, year = yoe + era * 400 + (month < 2);
    snprintf(out, size, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[day % 7], (int)(doy - (153 * mp + 2) / 5 + 1), months[month],
             (int)year, (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
}

size_t http_head(char *out, const struct http_answer *a)
{
    char date[64], extra[512] = "";
    size_t n = 0;
    put_date(date, sizeof date, a->now < 0 ? 0 : a->now);
    if (a->etag)
        n += (size_t)snprintf(extra + n, sizeof extra - n, "ETag: %s\r\n", a->etag);
    if (a->type)
        n += (size_t)snprintf(extra + n, sizeof extra - n, "Content-Type: %s\r\n", a->type);
    if (a->status != 304)
        n += (size_t)snprintf(extra + n, sizeof extra - n, "Content-Length: %zu\r\n", a->length);
    if (a->download)
        n += (size_t)snprintf(extra + n, sizeof extra - n, "Content-Disposition: attachment; filename=\"%s\"\r\n", a->download);
    if (a->status == 405)
        n += (size_t)snprintf(extra + n, sizeof extra - n, "Allow: GET, HEAD\r\n");
    if (a->status == 503)
        n += (size_t)snprintf(extra + n, sizeof extra - n, "Retry-After: 2\r\n");
    CHECK(n < sizeof extra);
    int wrote = snprintf(out, HTTP_HEAD_MAX,
                         "HTTP/1.1 %d %s\r\nDate: %s\r\n%sCache-Control: %s\r\nX-Content-Type-Options: nosniff\r\n"
                         "Content-Security-Policy: %s; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
                         "Cross-Origin-Resource-Policy: same-origin\r\nReferrer-Policy: no-referrer\r\nConnection: %s\r\n\r\n",
                         a->status, http_reason(a->status), date, extra, a->etag ? "no-cache" : "no-store",
                         a->policy ? a->policy : "default-src 'none'", a->close ? "close" : "keep-alive");
    CHECK(wrote > 0 && wrote < HTTP_HEAD_MAX);
    return (size_t)wrote;
}
