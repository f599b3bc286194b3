/** Starts the pages. */
import { mount } from 'svelte';
import App from './App.svelte';
import '$lib/design/tokens.css';
import '$lib/design/base.css';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html must have an element with the id "app"');
mount(App, { target });
