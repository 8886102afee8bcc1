import { countedBinding } from "../d1/counted-binding.ts";
import { binding } from "./settings.ts";

/** A D1 database that must be bound; its statements are counted. */
export function databaseBinding() {
  return binding<D1Database>().transform(countedBinding);
}
