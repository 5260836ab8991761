// What is asked of the server, and how its answers and failures are read.

/** A request that failed. `kind`: "offline", "busy" (with `seconds`), "key" or what the server calls it. */
export class Failure extends Error {
  constructor(kind, message = "", seconds = null) {
    super(message);
    this.kind = kind;
    this.seconds = seconds;
  }
}

async function request(path, { method = "GET", body, signal, headers = {} } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      signal,
      credentials: "same-origin",
      headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure("offline");
  }
  if (response.ok) return response;
  const told = await response.json().then((found) => found.error ?? {}, () => ({}));
  if (response.status === 429 || response.status === 503) {
    const after = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
    throw new Failure("busy", told.message, Number.isFinite(after) ? after : null);
  }
  throw new Failure(response.status === 401 ? "key" : (told.kind ?? "unexpected"), told.message ?? "");
}

/** Ask, and read the JSON of the answer. */
export async function ask(path, options) {
  return (await request(path, options)).json();
}

export const conversationPath = (id) => `/api/conversations/${encodeURIComponent(id)}`;
export const tastePath = (id) => `/api/tastes/${encodeURIComponent(id)}`;

/** The events of a reply, `{name, data}` each, as they come. Ends after the last; leaving early closes the connection. */
export async function* say(body, signal) {
  const response = await request("/api/chat", { method: "POST", body, signal });
  for await (const event of events(response.body)) {
    yield { name: event.name, data: JSON.parse(event.data) };
  }
}

/** Server-sent events out of a stream of bytes. */
async function* events(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let name = "message";
  let data = [];
  try {
    for (;;) {
      let read;
      try {
        read = await reader.read();
      } catch (error) {
        if (error.name === "AbortError") throw error;
        throw new Failure("offline");
      }
      if (read.done) return;
      rest += decoder.decode(read.value, { stream: true });
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        if (line === "") {
          if (data.length) yield { name, data: data.join("\n") };
          name = "message";
          data = [];
        } else if (line.startsWith("event:")) name = line.slice(6).trim();
        else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
