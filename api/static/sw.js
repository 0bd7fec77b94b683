"use strict";
// The shell without a network: style, scripts and pictures are kept (their names never change),
// pages never are. A page that cannot be had is answered by a sentence.

const SHELL = "shell-1";
const OFFLINE = `<!doctype html><html lang="zh-CN"><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>没有网络</title>
<style>:root{color-scheme:light dark}body{max-width:24rem;margin:20vh auto 0;padding:0 1rem;font:1.25rem/1.6 system-ui,sans-serif;text-align:center}
a{display:block;margin-top:1.5rem;padding:1rem;border-radius:.75rem;background:#067a3d;color:#fff;font-weight:600;text-decoration:none}</style>
<body><h1>没有网络</h1><p>请检查网络后再试。</p><p lang="en">No network: please try again.</p>
<p><a href="">再试一次 <span lang="en">Try again</span></a></p></body></html>`;

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== SHELL) await caches.delete(name);
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== self.location.origin) return;
  if (address.pathname.startsWith("/static/")) event.respondWith(kept(request));
  else if (request.mode === "navigate") event.respondWith(page(request));
});

async function kept(request) {
  const shell = await caches.open(SHELL);
  const known = await shell.match(request);
  if (known) return known;
  const fresh = await fetch(request);
  if (fresh.ok) await shell.put(request, fresh.clone());
  return fresh;
}

async function page(request) {
  try {
    return await fetch(request);
  } catch {
    return new Response(OFFLINE, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
  }
}
