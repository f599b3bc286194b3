/** Every operation of the HTTP interface, one function each. */
import { ask, get, post, remove, type Answer } from './client';
import type * as T from './types';

export * from './errors';
export type * from './types';

const id = encodeURIComponent;

// Session and user
export const readSession = () => get<{ user: T.User }>('/session').then((answer) => answer.user);
export const signIn = (email: string, password: string) =>
  post<{ user: T.User }>('/session', { email, password }).then((answer) => answer.user);
export const signOut = () => remove('/session');
export const readFeed = () => get<{ url: string | null }>('/me/feed');
export const renewFeed = () => post<{ url: string }>('/me/feed');
export const removeFeed = () => remove('/me/feed');

// Plant
export const readPlant = () => get<T.Plant>('/plant');
export const readMachines = () => get<T.Machine[]>('/machines');
export const readProcedures = (signal?: AbortSignal) => get<T.Procedure[]>('/procedures', undefined, signal);
export const readClients = (signal?: AbortSignal) => get<T.Named[]>('/clients', undefined, signal);
export const readWorkingTime = (machine: string, span: T.Span, signal?: AbortSignal) =>
  get<T.Span[]>(`/machines/${id(machine)}/working-time`, { ...span }, signal);

// Machines' data and alarms
export const readHistory = (machine: string, tags: string[], span: T.Span, points: number, signal?: AbortSignal) =>
  get<T.History>(`/machines/${id(machine)}/history`, { tag: tags, ...span, points }, signal);
export const readStates = (machine: string, span: T.Span, signal?: AbortSignal) =>
  get<T.StateSpan[]>(`/machines/${id(machine)}/states`, { ...span }, signal);
export const readGaps = (machine: string, span: T.Span, signal?: AbortSignal) =>
  get<({ tag: string | null } & T.Gap)[]>(`/machines/${id(machine)}/gaps`, { ...span }, signal);
export const readAlarms = (
  query: { state: T.AlarmFilter; machine?: string; limit?: number; before?: string },
  signal?: AbortSignal,
) => get<T.Page<T.Alarm>>('/alarms', query, signal);
export const acknowledge = (alarm: string, comment: string) =>
  post<T.Alarm>(`/alarms/${id(alarm)}/acknowledgement`, { comment });

// Trial runs, slots and bookings
export const readTrialRuns = (query: { status?: T.RunStatus; limit?: number; after?: string }, signal?: AbortSignal) =>
  get<T.Page<T.TrialRun>>('/trial-runs', query, signal);
export const readTrialRun = (run: string, signal?: AbortSignal) =>
  get<T.TrialRun>(`/trial-runs/${id(run)}`, undefined, signal);
export const requestTrialRun = (request: T.TrialRunRequest, idempotencyKey: string) =>
  post<T.TrialRun>('/trial-runs', request, { 'Idempotency-Key': idempotencyKey });
export const cancelTrialRun = (run: string) => post<T.TrialRun>(`/trial-runs/${id(run)}/cancellation`);
export const readSlots = (span: T.Span, machine?: string, signal?: AbortSignal) =>
  get<(T.Slot | T.BusySpan)[]>('/slots', { ...span, machine }, signal);
export const readSlot = (slot: string, signal?: AbortSignal) => get<T.Slot>(`/slots/${id(slot)}`, undefined, signal);
export const readSlotHistory = (slot: string, tags: string[], points: number, signal?: AbortSignal) =>
  get<T.History>(`/slots/${id(slot)}/history`, { tag: tags, points }, signal);
export const readBookings = (signal?: AbortSignal) => get<T.Booking[]>('/bookings', undefined, signal);
export const book = (booking: { machine: string; title: string; client?: string } & T.Span) =>
  post<T.Booking>('/bookings', booking);
export const removeBooking = (booking: string) => remove(`/bookings/${id(booking)}`);

// Plans and solves
export const readPlans = (limit: number, signal?: AbortSignal) => get<T.Plan[]>('/plans', { limit }, signal);
export const readPlan = (plan: string, signal?: AbortSignal) => get<T.Plan>(`/plans/${id(plan)}`, undefined, signal);
export const readPublishedPlan = (signal?: AbortSignal) => get<T.Plan>('/plans/published', undefined, signal);
/** Publishes a plan; `comparedWith` is the version of the published plan the planner looked at, or 0. */
export const publishPlan = (plan: string, comparedWith: number): Promise<Answer<T.Plan>> =>
  ask<T.Plan>('POST', `/plans/${id(plan)}/publication`, { headers: { 'If-Match': `"${comparedWith}"` } });
export const comparePlans = (plan: string, other: string, signal?: AbortSignal) =>
  get<T.PlanComparison>(`/plans/${id(plan)}/comparison`, { with: other }, signal);
export const startSolve = (request: { time_limit_s: number; workers?: number; title?: string }) =>
  post<T.Solve>('/solves', request);
export const readSolves = (limit: number, signal?: AbortSignal) => get<T.Solve[]>('/solves', { limit }, signal);
export const readSolve = (solve: string, signal?: AbortSignal) =>
  get<T.Solve>(`/solves/${id(solve)}`, undefined, signal);
export const cancelSolve = (solve: string) => post<T.Solve>(`/solves/${id(solve)}/cancellation`);
