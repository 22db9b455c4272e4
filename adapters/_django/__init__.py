"""What Django's adapter is made of: conversion, calls, contexts, settings, checks."""
