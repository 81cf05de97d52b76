package dev.prairie.serve.vectors;

import dev.prairie.serve.api.Routes;
import dev.prairie.serve.api.Scope;
import dev.prairie.serve.api.Surface;

/** Embeddings as OpenAI's clients ask for them, and rankings as those of Cohere and Jina do. */
public final class Vectors implements Surface {
    @Override
    public void addTo(Routes routes) {
        routes.post("/v1/embeddings", Scope.EMBED, Embeddings::answer);
        for (String path : new String[] {"/rerank", "/v1/rerank", "/v2/rerank"}) {
            routes.post(path, Scope.EMBED, Rerank::answer);
        }
    }
}
