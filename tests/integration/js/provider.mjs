// An OpenID provider on loopback that logs in whoever the login_hint names, without a page.
// usage: node provider.mjs PORT CLIENT_ID CLIENT_SECRET REDIRECT_URI
import http from "node:http";
import { Provider } from "oidc-provider";

const [port, clientId, clientSecret, redirectUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
    clients: [{
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [redirectUri],
        grant_types: ["authorization_code"],
        response_types: ["code"],
    }],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "preferred_username"] },
    conformIdTokenClaims: false,
    cookies: { keys: ["a key for tests"] },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({
        accountId: id,
        claims: () => ({
            sub: id,
            email: `${id}@example.com`,
            email_verified: !id.startsWith("unproved"),
            name: `Name of ${id}`,
            preferred_username: id,
        }),
    }),
    loadExistingGrant: async (context) => {
        const grant = new provider.Grant({
            clientId: context.oidc.client.clientId,
            accountId: context.oidc.session.accountId,
        });
        grant.addOIDCScope("openid email profile");
        await grant.save();
        return grant;
    },
});

const oidc = provider.callback();
http.createServer(async (request, response) => {
    if (request.url.startsWith("/interaction/")) {
        const { params } = await provider.interactionDetails(request, response);
        await provider.interactionFinished(request, response, { login: { accountId: params.login_hint } });
    } else {
        oidc(request, response);
    }
}).listen(Number(port), "127.0.0.1", () => console.log("ready"));
