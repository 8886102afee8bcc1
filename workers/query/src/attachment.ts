/**
 * A `content-disposition` that saves an answer under a name: in ASCII, and as it is for those who can read that
 * (RFC 6266). Slashes, which no file's name may hold, become `_`.
 */
export function attachment(fileName: string): string {
  const name = fileName.toWellFormed().replace(/[/\\]/g, "_");
  const escaped = encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${name.replace(/[^\w.+-]/g, "_")}"; filename*=UTF-8''${escaped}`;
}
