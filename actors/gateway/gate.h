/* The gate: who may do what. Every request passes it, before its route, default deny: identity
 * (auth.c, the tokens of the store), scope, tenant, rate. Used by the gateway actor. Never lets
 * a caller see whether a foreign id exists. */
#ifndef GATEWAY_GATE_H
#define GATEWAY_GATE_H

#include "actors/gateway/exchange.h"

/* Identifies the caller of @p x, then checks what its route asks for, then goes on with the
 * route. Whatever fails is answered. */
void gate_enter(exchange *x);

/* @p count more requests' worth of work came with @p x: they slow its tenant down later. */
void gate_charge(const exchange *x, size_t count);

/* True when @p g may read what belongs to @p tenant (NULL: the default one). */
bool gate_sees(const grant *g, const char *tenant);

#endif
