// Which models and adapters can be asked for.
import { h } from "./dom.js";
import { get } from "./stream.js";
import { number, t } from "./words.js";

/** The models, the first one first; an empty list where none can be asked for. */
export async function findModels() {
  const { data } = await get("v1/models");
  return data.map(({ id, context_length: context, parent }) => ({ id, context: context ?? 0, base: parent ?? null }));
}

/** Fills `select`, keeping what was chosen if it is still there. */
export function offer(select, models) {
  const chosen = select.value;
  select.replaceChildren(
    ...models.map(({ id, base }) => h("option", { value: id }, base ? t("model.adapter", { id, base }) : id)),
  );
  if (models.some(({ id }) => id === chosen)) select.value = chosen;
  select.disabled = models.length === 0;
}

/** How long its texts may be, in words. */
export function contextOf(model) {
  return model?.context ? t("model.context", { tokens: number(model.context) }) : "";
}
