"""One of several processes that want the same machine time: books when told to, tells the answer.

Reads a JSON body a line and answers a JSON line ``[status, code]``; needs no more than the standard
library, so that sixteen of them start at once.
"""

import http.client
import json
import sys


def tell(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    host, token = sys.argv[1:]
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.connect()
    tell("ready")
    for line in sys.stdin:
        connection.request(
            "POST",
            "/api/v1/bookings",
            body=line,
            headers={
                "Content-Type": "application/json",
                "Cookie": f"pilotline_session={token}",
                "Origin": f"http://{host}",
            },
        )
        response = connection.getresponse()
        answer = json.loads(response.read())
        tell([response.status, answer.get("code")])


if __name__ == "__main__":
    main()
