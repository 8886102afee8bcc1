import { ApiError } from "./api-error.ts";
import { fetchPatiently } from "./busy.ts";
import { tokenOf } from "./tokens.ts";

/** Saves an answer as a file, with the token that a plain link could not send. @throws {ApiError} */
export async function download(path: string, name: string): Promise<void> {
  const token = tokenOf("read");
  let body: Blob;
  try {
    const response = await fetchPatiently(
      path,
      token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
    );
    if (!response.ok) {
      throw new ApiError(
        "no_problem",
        response.status,
        `Could not load the file: the server answered ${response.status}.`,
      );
    }
    body = await response.blob();
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError("unreachable", null, "Could not reach the server.");
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(body);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
