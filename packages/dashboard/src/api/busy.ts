/** Retries of a request to a busy server, before it is an error. */
const MAX_RETRIES = 5;
/** The longest accepted `Retry-After`, in seconds. */
const MAX_PAUSE_S = 60;

let waiting = 0;
let listener: ((isWaiting: boolean) => void) | null = null;

/** Receives the number of requests that wait for a busy server. */
export function onBusy(show: (isWaiting: boolean) => void): void {
  listener = show;
}

/**
 * Fetches. If the server answers a `GET` with 503 and `Retry-After`, waits that long and tries again.
 * @returns the last answer; 503 if the server stayed busy
 * @throws the signal's reason; the error of `fetch`
 */
export async function fetchPatiently(path: string, init: RequestInit): Promise<Response> {
  const isGet = (init.method ?? "GET") === "GET";
  for (let retry = 0; ; retry++) {
    const response = await fetch(path, init);
    const pause = Number(response.headers.get("retry-after") ?? Number.NaN);
    const isBusy = response.status === 503 && !Number.isNaN(pause);
    if (!isGet || !isBusy || retry === MAX_RETRIES) return response;
    await response.body?.cancel();
    tell(waiting + 1);
    try {
      await sleep(1000 * Math.min(pause, MAX_PAUSE_S), init.signal ?? null);
    } finally {
      tell(waiting - 1);
    }
  }
}

function tell(requests: number): void {
  waiting = requests;
  listener?.(waiting > 0);
}

function sleep(milliseconds: number, signal: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    if (signal?.aborted === true) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
